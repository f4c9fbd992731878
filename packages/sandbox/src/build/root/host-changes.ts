// Whether a sandbox may change files of the host.
import type { SandboxOptions } from '../../options/types.js';

type Options = Pick<SandboxOptions, 'root' | 'writable' | 'mounts'>;

/** Mounts and entries that are made for the sandbox, and end with it. */
const MADE: readonly string[] = [
  ...['tmpfs', 'ramfs', 'proc', 'sysfs', 'devpts', 'mqueue'],
  ...['file', 'directory', 'symlink'],
];

/** True if something of the host is writable: a path, a mount, the root, or a directory for changes. */
export function changesHost({ root = 'host', writable = [], mounts = [] }: Options): boolean {
  if (writable.length > 0) return true;
  if (mounts.some((one) => !MADE.includes(one.type) && !('readonly' in one && one.readonly))) {
    return true;
  }
  if (typeof root !== 'object') return false;
  if (root.overlay !== undefined) return typeof root.overlay === 'object' && 'keep' in root.overlay;
  return 'directory' in root && root.writable === true;
}
