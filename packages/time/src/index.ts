/**
 * `@ns/time`: offsets of the monotonic and boot-time clocks in a time namespace.
 *
 * @module @ns/time
 */
export { bootedAt, withUptime } from './appear.js';
export type { Clock, InOptions } from './clocks.js';
export { readClocks } from './clocks.js';
export type { Duration } from './nanoseconds.js';
export type { Offsets } from './offsets.js';
export { formatOffsets, parseOffsets } from './offsets.js';
export { readOffsets } from './read-offsets.js';
export type { TimeOptions } from './spec.js';
export { time } from './spec.js';
