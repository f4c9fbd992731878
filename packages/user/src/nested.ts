// User namespaces inside of user namespaces: how many there may be, and forbidding them.
import { constants, readFileSync } from 'node:fs';
import { AT, type Preparation } from '@ns/core/authors';
import { O_CLOEXEC } from '@ns/core/sys';
import { type CapabilityOptions, checkCapabilities } from './credentials.js';

const LIMIT = '/proc/sys/user/max_user_namespaces';

/**
 * How deep user namespaces can be nested below the first one (Linux 3.11). user_namespaces(7) says
 * 32, but the kernel looks at the depth of the parent.
 */
export const USER_NAMESPACE_DEPTH_MAX = 33;

/**
 * How many user namespaces each user may have in the caller's user namespace. Those above have
 * limits of their own, which count as well.
 *
 * @see namespaces(7)
 */
export function maxUserNamespaces(): number {
  return Number(readFileSync(LIMIT, 'utf8'));
}

/**
 * Allows none in the new user namespace, or just the one that the command is to run in: what that
 * one would make counts in here as well.
 */
export function forbidNested(child: Preparation, allowed: 0 | 1): void {
  const program = child.program('settings');
  const step = 'forbidding user namespaces inside';
  const fd = program.call('openat', AT.FDCWD, LIMIT, constants.O_WRONLY | O_CLOEXEC, 0, { step });
  program.call('write', fd, String(allowed), 1, { step, expect: 1 });
  program.call('close', fd);
}

/** Capabilities without the one that could raise the limit again. */
export function withoutNested(capabilities: CapabilityOptions = {}): CapabilityOptions {
  const { keep: _keep, drop: _drop, ...rest } = capabilities;
  const { kept, ambient } = checkCapabilities(capabilities);
  if (ambient.has('cap_sys_resource') && capabilities.ambient !== 'all') {
    throw new TypeError('capabilities.ambient: disableNested takes cap_sys_resource');
  }
  return { ...rest, keep: [...kept].filter((name) => name !== 'cap_sys_resource') };
}
