// User namespaces inside of user namespaces: their limits.
import { constants, readFileSync } from 'node:fs';
import { AT, type Preparation } from '@ns/core/authors';
import { O_CLOEXEC } from '@ns/core/sys';

const LIMIT = '/proc/sys/user/max_user_namespaces';

/**
 * The depth to which user namespaces nest below the first one (Linux 3.11). user_namespaces(7) says 32,
 * but the kernel looks at the depth of the parent.
 */
export const USER_NAMESPACE_DEPTH_MAX = 33;

/**
 * Reads the number of user namespaces that each user may have in the caller's user namespace. Those above
 * have limits of their own, which count as well.
 *
 * @see namespaces(7)
 */
export function readMaxUserNamespaces(): number {
  return Number(readFileSync(LIMIT, 'utf8'));
}

/**
 * Adds the calls that limit the user namespaces inside to none, or to the one that the command runs in,
 * whose own namespaces count here as well.
 */
export function forbidNested(child: Preparation, allowed: 0 | 1): void {
  const program = child.program('settings');
  const step = 'forbidding user namespaces inside';
  const fd = program.call('openat', AT.FDCWD, LIMIT, constants.O_WRONLY | O_CLOEXEC, 0, { step });
  program.call('write', fd, String(allowed), 1, { step, expect: 1 });
  program.call('close', fd);
}
