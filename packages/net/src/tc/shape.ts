// Delays, losses and rates of a link, by one qdisc.
import type { Duration } from '@ns/core';
import { type Members, type Parsed, type Parser, parse } from '@ns/core/authors';
import { type Codec, encodable, u32 } from '../netlink/codec.js';
import { isNetlinkError } from '../netlink/error.js';
import type { Device } from '../rtnetlink/device.js';
import { type NetemOptions, netem } from './netem.js';
import { tbf } from './qdisc-kinds.js';
import type { NewQdisc, Qdiscs } from './qdiscs.js';
import { delay, type Rate, rate, share } from './units.js';

/** Delays, losses and rate of the packets that leave by a link. */
export type Shape = Pick<
  NetemOptions,
  'delay' | 'jitter' | 'loss' | 'duplicate' | 'reorder' | 'corrupt' | 'rate' | 'limit'
>;

/** Returns the parser of a value that stays as the caller has written it. */
function asWritten<Written>(parser: Parser<unknown>): Parser<Written> {
  return (value, name) => {
    parser(value, name);
    return value as Written;
  };
}

const shapeShare = asWritten<number>(share);

const members = {
  delay: asWritten<Duration>(delay),
  jitter: asWritten<Duration>(delay),
  loss: shapeShare,
  duplicate: shapeShare,
  reorder: shapeShare,
  corrupt: shapeShare,
  rate: asWritten<Rate>(rate),
  limit: encodable(u32),
} satisfies Members<Shape>;

const parseMembers = parse.options(members);

/** A shape in its normal form. */
export type ShapeOptions = Parsed<typeof members>;

/** Returns the normal form of a shape. */
export function parseShape(value: unknown, name: string): ShapeOptions {
  const shape = parseMembers(value, name);
  if (Object.values(shape).every((member) => member === undefined)) {
    parse.refuse(name, 'an object with delay, loss, rate, ...', value);
  }
  if (shape.reorder !== undefined && !delay(shape.delay ?? 0, `${name}.delay`)) {
    parse.refuse(`${name}.delay`, 'more than 0, which reorder needs', shape.delay);
  }
  return shape;
}

/** Returns the size of a burst: the bytes of 10 ms, at least two full packets. */
const burstOf = (rate: number) => Math.max(3200, Math.round(rate / 100));

type Shaping = Extract<NewQdisc, { kind: 'netem' | 'tbf' }>;

/** Returns the qdisc of a shape. A rate alone does not need netem, which many kernels lack. */
function qdiscOf(dev: Device, wanted: ShapeOptions): Shaping {
  const { rate: limit, ...emulated } = wanted;
  if (limit === undefined || Object.values(emulated).some((value) => value !== undefined)) {
    return { dev, kind: 'netem', options: wanted };
  }
  const burst = burstOf(rate(limit, 'rate'));
  return { dev, kind: 'tbf', options: { rate: limit, burst, latency: '50ms' } };
}

/** True if a link has this shape. */
export function hasShape(qdiscs: Qdiscs, dev: Device, wanted: ShapeOptions): boolean {
  const { kind, options } = qdiscOf(dev, wanted);
  const present = qdiscs.list({ dev }).find(({ parent }) => parent === 'root');
  if (present?.kind !== kind) return false;
  const codec = (kind === 'netem' ? netem : tbf) as Codec<object>;
  const bytes = Buffer.from(codec.encode(options, 'shape', {}));
  const asShown = Object.entries(codec.decode(bytes, 0, bytes.length, {}) ?? {});
  return asShown.every(([key, value]) => present.options?.[key] === value);
}

/** Shapes the packets that leave by a link; null removes the shape. */
export function shape(qdiscs: Qdiscs, dev: Device, wanted: ShapeOptions | null): void {
  if (wanted !== null) {
    qdiscs.replace(qdiscOf(dev, wanted));
    return;
  }
  try {
    qdiscs.remove({ dev });
  } catch (error) {
    // The link has the kernel's default qdisc, whose handle is zero.
    if (!isNetlinkError(error, 'ENOENT') && !isNetlinkError(error, 'EINVAL')) throw error;
  }
}
