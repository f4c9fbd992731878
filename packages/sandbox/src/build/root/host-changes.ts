// Decides whether the commands of a sandbox can change files of the host.
import type { Settings } from '../../options/members.js';

/** Mounts and entries that are made for the sandbox, and end with it. */
const MADE: readonly string[] = [
  ...['tmpfs', 'ramfs', 'proc', 'sysfs', 'devpts', 'mqueue'],
  ...['file', 'directory', 'symlink'],
];

/** Returns true if a path, a mount or the root of the host is writable, or a directory that keeps changes. */
export function changesHost({
  root,
  writable,
  mounts,
}: Pick<Settings, 'root' | 'writable' | 'mounts'>): boolean {
  if (writable.length > 0) return true;
  const isWritable = mounts.some(
    ({ given }) => !MADE.includes(given.type) && !('readonly' in given && given.readonly),
  );
  if (isWritable) return true;
  if (typeof root !== 'object') return false;
  if (root.overlay !== undefined) return typeof root.overlay === 'object' && 'keep' in root.overlay;
  return 'directory' in root && root.writable;
}
