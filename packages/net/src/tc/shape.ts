// A worse network with one call.

import { isNetlinkError } from '../netlink/error.js';
import type { Device } from '../route/context.js';
import type { NetemOptions } from './netem.js';
import type { Qdiscs } from './traffic.js';
import { bytesPerSecond } from './units.js';

/** What a link does to the packets that leave by it. */
export type Shape = Pick<
  NetemOptions,
  'delay' | 'jitter' | 'loss' | 'duplicate' | 'reorder' | 'corrupt' | 'rate' | 'limit'
>;

/** Bytes that go out at once: what leaves in 10 ms, and never less than two full packets. */
const burstOf = (rate: number) => Math.max(3200, Math.round(rate / 100));

/** Shapes what leaves by a link; null takes the shape away. */
export function shape(qdiscs: Qdiscs, dev: Device, wanted: Shape | null): void {
  if (wanted === null) {
    try {
      qdiscs.delete({ dev });
    } catch (error) {
      // There was none: the kernel's default has the handle zero.
      if (!isNetlinkError(error, 'ENOENT') && !isNetlinkError(error, 'EINVAL')) throw error;
    }
    return;
  }
  const { rate, ...emulated } = wanted;
  const keys = Object.values(emulated).filter((value) => value !== undefined);
  if (keys.length > 0) qdiscs.replace({ dev, kind: 'netem', options: wanted });
  else if (rate === undefined)
    throw new TypeError('shape: say at least one of delay, loss, rate, ...');
  else {
    // A rate alone does not need netem, which many kernels lack.
    const burst = burstOf(bytesPerSecond(rate, 'rate'));
    qdiscs.replace({ dev, kind: 'tbf', options: { rate, burst, latency: '50ms' } });
  }
}
