// A network namespace without an uplink. Loads nothing more of this package, for programs that start
// fast and need no rtnetlink.
import type { NamespaceSpec } from '@ns/core';
import { addLoopbackUp } from './loopback.js';

/**
 * Returns the spec of a new network namespace without an uplink, as {@link net} does.
 *
 * @param loopback true to bring the loopback interface up
 */
export function isolatedNet(loopback = true): NamespaceSpec {
  if (!loopback) return { type: 'net' };
  return { type: 'net', prepare: (child) => addLoopbackUp(child.program('settings')) };
}
