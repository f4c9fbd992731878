// pasta(1): it makes the host's connections for those inside, and needs no privileges.
import { Route } from '../route/route.js';
import { watchNet } from '../route/watch-net.js';
import type { Forward } from './port-forward.js';

/** Milliseconds that the second family may be later than the first. */
const SECOND_FAMILY_MS = 1000;

/** A family of addresses. */
export type Family = 'inet' | 'inet6';
const families: readonly Family[] = ['inet', 'inet6'];

/** Its arguments for one direction: ports that lead to others, or none. */
function ports(
  options: { readonly tcp: string; readonly udp: string },
  forwards: readonly Forward[],
  spec: (forward: Forward) => string,
): string[] {
  return (['tcp', 'udp'] as const).flatMap((protocol) => {
    const specs = forwards.filter((one) => one.protocol === protocol).map(spec);
    return (specs.length > 0 ? specs : ['none']).flatMap((one) => [options[protocol], one]);
  });
}

/** Its arguments. What is not forwarded explicitly is not: its own default is all ports. */
export function pastaArguments(
  pid: number,
  device: string,
  forward: readonly Forward[],
  reverse: readonly Forward[],
  more: readonly string[],
): string[] {
  return [
    ...['--foreground', '--quiet', '--config-net', '--ns-ifname', device],
    // Else the address of the gateway is the host's loopback inside, with all services there.
    '--no-map-gw',
    // As root it would take the uid 65534, which may not enter. It drops its capabilities all the same.
    ...(process.geteuid?.() === 0 ? ['--runas', '0'] : []),
    ...ports(
      { tcp: '--tcp-ports', udp: '--udp-ports' },
      forward,
      ({ host, inside }) => `127.0.0.1/${host}:${inside}`,
    ),
    ...ports(
      { tcp: '--tcp-ns', udp: '--udp-ns' },
      reverse,
      ({ host, inside }) => `${inside}:${host}`,
    ),
    ...more,
    String(pid),
  ];
}

/** Lists the families of default routes where the calling thread is: pasta gives its namespace the same. */
export function listHostFamilies(): Family[] {
  using route = Route.open();
  return families.filter((family) =>
    route.route.list({ family, table: 'main' }).some(({ dst }) => dst === 'default'),
  );
}

/** Lists the families of which the interface has an address and the default route. */
function listConfiguredFamilies(pid: number, device: string): Family[] {
  using route = Route.open({ in: pid });
  const link = route.link.list().find(({ ifname }) => ifname === device);
  if (link === undefined) return [];
  const dev = link.ifindex;
  return families.filter((family) => {
    const addresses = route.address.list({ dev, family }).filter(({ scope }) => scope === 'global');
    const routes = route.route.list({ dev, family, table: 'main' });
    return addresses.length > 0 && routes.some(({ dst }) => dst === 'default');
  });
}

/**
 * Waits until pasta has configured its interface, of which it does not report. It takes the families
 * of the host; where it leaves one out, the other is enough after a second.
 *
 * @param wanted the families of the host
 */
export async function untilPastaReady(
  pid: number,
  device: string,
  wanted: readonly Family[],
  signal: AbortSignal,
): Promise<void> {
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const isReady = () => {
    const configured = listConfiguredFamilies(pid, device);
    if (configured.length === 0) return false;
    timer ??= setTimeout(() => late.abort(), SECOND_FAMILY_MS);
    return wanted.every((family) => configured.includes(family));
  };
  const groups = ['link', 'address', 'route'] as const;
  const events = watchNet({ in: pid, groups, signal: AbortSignal.any([signal, late.signal]) });
  try {
    if (isReady()) return;
    for await (const _event of events) if (isReady()) return;
  } catch (error) {
    if (!late.signal.aborted || signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    events.close();
  }
}
