// What an overlay has changed, read from its upper layer.
import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { trySyscall } from '@ns/core/sys';

/** A change of a file, a directory or a link. */
export interface Change {
  /** Its path inside. */
  readonly path: string;
  readonly kind: 'added' | 'modified' | 'deleted';
}

/** A whiteout: what the upper layer has in the place of something deleted. */
const isWhiteout = (stats: Stats) => stats.isCharacterDevice() && stats.rdev === 0;

/** Whether a directory hides what is below: by the kernel's attribute, or a user namespace's. */
function isOpaque(directory: string): boolean {
  return ['trusted', 'user'].some((kind) => {
    const value = new Uint8Array(1);
    const length = trySyscall('lgetxattr', directory, `${kind}.overlay.opaque`, value, 1);
    return length === 1 && value[0] === 'y'.charCodeAt(0);
  });
}

function statOf(path: string | undefined): Stats | undefined {
  return path === undefined ? undefined : lstatSync(path, { throwIfNoEntry: false });
}

function deletedIn(lower: string, path: string, upper: ReadonlySet<string>): Change[] {
  return readdirSync(lower)
    .filter((name) => !upper.has(name))
    .map((name) => ({ path: join(path, name), kind: 'deleted' }));
}

function walk(upper: string, lower: string | undefined, path: string): Change[] {
  const names = readdirSync(upper).sort();
  const hidden = lower !== undefined && isOpaque(upper);
  const changes = hidden ? deletedIn(lower, path, new Set(names)) : [];
  for (const name of names) {
    const inside = join(path, name);
    const now = lstatSync(join(upper, name));
    const below = lower === undefined ? undefined : join(lower, name);
    const before = statOf(below);
    if (isWhiteout(now)) {
      if (before) changes.push({ path: inside, kind: 'deleted' });
      continue;
    }
    const both = now.isDirectory() && before?.isDirectory();
    // A directory that both have is there only for what is in it.
    if (!both) changes.push({ path: inside, kind: before ? 'modified' : 'added' });
    // Never through a link of the lower layer: what is behind it is not what it has been replaced by.
    if (now.isDirectory())
      changes.push(...walk(join(upper, name), both ? below : undefined, inside));
  }
  return changes;
}

/** Lists what the upper layer changes in the lower one, by paths inside. */
export function listChanges(lower: string, upper: string): Change[] {
  return walk(upper, lower, '/').sort((a, b) => (a.path < b.path ? -1 : 1));
}
