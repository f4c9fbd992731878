// pasta(1): it makes the host's connections for those inside, and needs no privileges.
import type { Forward } from './port-forward.js';

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
