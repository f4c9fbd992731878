// A network namespace without a way outside, and nothing more of this package: for programs that are to
// start fast and need no rtnetlink.
import type { NamespaceSpec } from '@ns/core';
import { addLoopbackUp } from './loopback.js';

/**
 * What {@link net} makes without an uplink: a new network namespace for a child.
 *
 * @param loopback whether to bring the loopback interface up
 */
export function isolatedNet(loopback = true): NamespaceSpec {
  return {
    type: 'net',
    prepare(child) {
      if (loopback) addLoopbackUp(child.program('settings'));
    },
  };
}
