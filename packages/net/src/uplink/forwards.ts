// Ports of the host that lead inside.
import type { PortForward } from './nft.js';

/** Throws unless these are ports. */
export function assertForwards(forwards: readonly PortForward[], name = 'forward'): void {
  forwards.forEach(({ protocol = 'tcp', host, inside = host }, i) => {
    for (const port of [host, inside]) {
      if (!Number.isInteger(port) || port < 1 || port > 0xffff) {
        throw new RangeError(`${name}[${i}] must have ports from 1 to 65535: ${port}`);
      }
    }
    if (protocol !== 'tcp' && protocol !== 'udp') {
      throw new TypeError(`${name}[${i}].protocol must be tcp or udp: ${String(protocol)}`);
    }
  });
}
