// The steps of a transaction: plain data, each with its inverse.
import type { NewAddress } from '../rtnetlink/addresses.js';
import type { LinkChange, NewLink } from '../rtnetlink/link-options.js';
import type { NewRoute } from '../rtnetlink/route-table.js';
import type { Rtnetlink } from '../rtnetlink/rtnetlink.js';

/** One change of a plan. */
export type TransactionStep =
  | { readonly step: 'add link' | 'remove link'; readonly link: NewLink & { name: string } }
  | {
      readonly step: 'change link';
      readonly dev: string;
      readonly to: LinkChange;
      readonly from: LinkChange;
    }
  | {
      readonly step: 'add address' | 'remove address';
      readonly address: NewAddress & { dev: string };
    }
  | { readonly step: 'add route' | 'remove route'; readonly route: NewRoute }
  | { readonly step: 'replace route'; readonly route: NewRoute; readonly from: NewRoute };

/** Makes one change. */
export function perform(rtnetlink: Rtnetlink, step: TransactionStep): void {
  switch (step.step) {
    case 'add link':
      rtnetlink.links.add(step.link);
      break;
    case 'remove link':
      rtnetlink.links.remove(step.link.name);
      break;
    case 'change link':
      rtnetlink.links.change(step.dev, step.to);
      break;
    case 'add address':
      rtnetlink.addresses.add(step.address);
      break;
    case 'remove address':
      rtnetlink.addresses.remove({ dev: step.address.dev, address: step.address.address });
      break;
    case 'add route':
      rtnetlink.routes.add(step.route);
      break;
    case 'remove route':
      rtnetlink.routes.remove(step.route);
      break;
    case 'replace route':
      rtnetlink.routes.replace(step.route);
      break;
  }
}

/** Returns the change that undoes a change. */
export function inverse(step: TransactionStep): TransactionStep {
  switch (step.step) {
    case 'add link':
      return { ...step, step: 'remove link' };
    case 'remove link':
      return { ...step, step: 'add link' };
    case 'change link':
      return { ...step, to: step.from, from: step.to };
    case 'add address':
      return { ...step, step: 'remove address' };
    case 'remove address':
      return { ...step, step: 'add address' };
    case 'add route':
      return { ...step, step: 'remove route' };
    case 'remove route':
      return { ...step, step: 'add route' };
    case 'replace route':
      return { ...step, route: step.from, from: step.route };
  }
}

/** Returns a change on one line. */
export function describeStep(step: TransactionStep): string {
  switch (step.step) {
    case 'add link':
      return `+ link ${step.link.name} (${step.link.kind})`;
    case 'remove link':
      return `- link ${step.link.name} (${step.link.kind})`;
    case 'change link':
      return `~ link ${step.dev}: ${Object.entries(step.to)
        .map(([key, value]) =>
          key in step.from
            ? `${key} ${String(step.from[key])} -> ${String(value)}`
            : `${key} ${String(value)}`,
        )
        .join(', ')}`;
    case 'add address':
      return `+ address ${step.address.address} dev ${step.address.dev}`;
    case 'remove address':
      return `- address ${step.address.address} dev ${step.address.dev}`;
    case 'add route':
      return `+ route ${describeRoute(step.route)}`;
    case 'remove route':
      return `- route ${describeRoute(step.route)}`;
    case 'replace route':
      return `~ route ${describeRoute(step.from)} -> ${describeRoute(step.route)}`;
  }
}

function describeRoute({ dst, gateway, dev, table }: NewRoute): string {
  const parts = [dst, gateway && `via ${gateway}`, dev && `dev ${dev}`, table && `table ${table}`];
  return parts.filter(Boolean).join(' ');
}
