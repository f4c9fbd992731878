// A worse network with one call.

import type { Codec } from '../netlink/codec.js';
import { isNetlinkError } from '../netlink/error.js';
import { checked } from '../options.js';
import type { Device } from '../route/request-context.js';
import { type NetemOptions, netem } from './netem.js';
import { tbf } from './qdisc-kinds.js';
import type { NewQdisc, Qdiscs } from './qdiscs.js';
import { bytesPerSecond } from './units.js';

/** What a link does to the packets that leave by it. */
export type Shape = Pick<
  NetemOptions,
  'delay' | 'jitter' | 'loss' | 'duplicate' | 'reorder' | 'corrupt' | 'rate' | 'limit'
>;

const keys = [
  ...['delay', 'jitter', 'loss', 'duplicate', 'reorder', 'corrupt', 'rate', 'limit'],
] as const satisfies readonly (keyof Shape)[];

/**
 * Returns a shape without a prototype, if all that it has is known.
 *
 * @throws {TypeError} that names the option
 */
export const checkedShape = (shape: Shape, name = 'shape'): Shape => checked(shape, keys, name);

/** Bytes that go out at once: what leaves in 10 ms, and never less than two full packets. */
const burstOf = (rate: number) => Math.max(3200, Math.round(rate / 100));

type Shaping = Extract<NewQdisc, { kind: 'netem' | 'tbf' }>;

/** The qdisc that does it. A rate alone does not need netem, which many kernels lack. */
function qdiscOf(dev: Device, given: Shape): Shaping {
  const wanted = checkedShape(given);
  const { rate, ...emulated } = wanted;
  if (Object.values(emulated).some((value) => value !== undefined)) {
    return { dev, kind: 'netem', options: wanted };
  }
  if (rate === undefined) throw new TypeError('shape: say at least one of delay, loss, rate, ...');
  const burst = burstOf(bytesPerSecond(rate, 'rate'));
  return { dev, kind: 'tbf', options: { rate, burst, latency: '50ms' } };
}

/** Whether a link has this shape. */
export function hasShape(qdiscs: Qdiscs, dev: Device, wanted: Shape): boolean {
  const { kind, options } = qdiscOf(dev, wanted);
  const present = qdiscs.list({ dev }).find(({ parent }) => parent === 'root');
  if (present?.kind !== kind) return false;
  const codec = (kind === 'netem' ? netem : tbf) as Codec<object>;
  const bytes = Buffer.from(codec.encode(options, 'shape', {}));
  const asShown = Object.entries(codec.decode(bytes, 0, bytes.length, {}) ?? {});
  return asShown.every(([key, value]) => present.options?.[key] === value);
}

/** Shapes what leaves by a link; null takes the shape away. */
export function shape(qdiscs: Qdiscs, dev: Device, wanted: Shape | null): void {
  if (wanted !== null) {
    qdiscs.replace(qdiscOf(dev, wanted));
    return;
  }
  try {
    qdiscs.delete({ dev });
  } catch (error) {
    // There was none: the kernel's default has the handle zero.
    if (!isNetlinkError(error, 'ENOENT') && !isNetlinkError(error, 'EINVAL')) throw error;
  }
}
