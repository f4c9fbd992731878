/**
 * `@ns/time`: offsets of the monotonic and boot-time clocks in a time namespace.
 *
 * @module @ns/time
 */
export { bootedAt, withUptime } from './fake-uptime.js';
export type { Offsets, OffsetsToWrite } from './offsets.js';
export { formatOffsets, parseOffsets } from './offsets.js';
export type { Clock } from './read-clocks.js';
export { readClocks } from './read-clocks.js';
export { readOffsets } from './read-offsets.js';
export type { TimeOptions } from './spec.js';
export { time } from './spec.js';
