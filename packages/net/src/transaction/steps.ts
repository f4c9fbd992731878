// The steps of a transaction: plain data, each with its inverse.
import type { NewAddress } from '../route/addresses.js';
import type { LinkChange, NewLink } from '../route/link-options.js';
import type { Route } from '../route/route.js';
import type { NewRoute } from '../route/route-table.js';

/** One change of a plan. */
export type TransactionStep =
  | { readonly step: 'add link' | 'delete link'; readonly link: NewLink & { name: string } }
  | {
      readonly step: 'change link';
      readonly dev: string;
      readonly to: LinkChange;
      readonly from: LinkChange;
    }
  | {
      readonly step: 'add address' | 'delete address';
      readonly address: NewAddress & { dev: string };
    }
  | { readonly step: 'add route' | 'delete route'; readonly route: NewRoute }
  | { readonly step: 'replace route'; readonly route: NewRoute; readonly from: NewRoute };

/** Makes one change. */
export function perform(route: Route, step: TransactionStep): void {
  switch (step.step) {
    case 'add link':
      route.link.add(step.link);
      break;
    case 'delete link':
      route.link.delete(step.link.name);
      break;
    case 'change link':
      route.link.change(step.dev, step.to);
      break;
    case 'add address':
      route.address.add(step.address);
      break;
    case 'delete address':
      route.address.delete({ dev: step.address.dev, address: step.address.address });
      break;
    case 'add route':
      route.route.add(step.route);
      break;
    case 'delete route':
      route.route.delete(step.route);
      break;
    case 'replace route':
      route.route.replace(step.route);
      break;
  }
}

/** Returns the change that undoes a change. */
export function inverse(step: TransactionStep): TransactionStep {
  switch (step.step) {
    case 'add link':
      return { ...step, step: 'delete link' };
    case 'delete link':
      return { ...step, step: 'add link' };
    case 'change link':
      return { ...step, to: step.from, from: step.to };
    case 'add address':
      return { ...step, step: 'delete address' };
    case 'delete address':
      return { ...step, step: 'add address' };
    case 'add route':
      return { ...step, step: 'delete route' };
    case 'delete route':
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
    case 'delete link':
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
    case 'delete address':
      return `- address ${step.address.address} dev ${step.address.dev}`;
    case 'add route':
      return `+ route ${describeRoute(step.route)}`;
    case 'delete route':
      return `- route ${describeRoute(step.route)}`;
    case 'replace route':
      return `~ route ${describeRoute(step.from)} -> ${describeRoute(step.route)}`;
  }
}

function describeRoute({ dst, gateway, dev, table }: NewRoute): string {
  const parts = [dst, gateway && `via ${gateway}`, dev && `dev ${dev}`, table && `table ${table}`];
  return parts.filter(Boolean).join(' ');
}
