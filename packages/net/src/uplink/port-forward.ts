// Ports of the host that lead inside.
import { checked } from '../options.js';

/** A port of the host that leads inside. */
export interface PortForward {
  /** Default: tcp. */
  protocol?: 'tcp' | 'udp';
  /** Port of the host. */
  host: number;
  /** Port inside. Default: the same. */
  inside?: number;
}

/** Checks a list of ports, and returns it with all that is left out. */
export function toForwards(forwards: unknown, name = 'forward'): Required<PortForward>[] {
  if (!Array.isArray(forwards)) {
    throw new TypeError(`${name} must be a list of ports: ${String(forwards)}`);
  }
  return forwards.map((one: PortForward, i) => {
    const keys = ['protocol', 'host', 'inside'];
    const { protocol = 'tcp', host, inside = host } = checked(one, keys, `${name}[${i}]`);
    for (const port of [host, inside]) {
      if (!Number.isInteger(port) || port < 1 || port > 0xffff) {
        throw new RangeError(`${name}[${i}] must have ports from 1 to 65535: ${port}`);
      }
    }
    if (protocol !== 'tcp' && protocol !== 'udp') {
      throw new TypeError(`${name}[${i}].protocol must be tcp or udp: ${String(protocol)}`);
    }
    return { protocol, host, inside };
  });
}
