// Temporary directories for the sockets of slirp4netns. The name of each holds the mark of its process, so
// that what a killed one has left is seen, and removed, by the next that makes one (SECURITY.md S10).
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isOrphaned, ownerMark } from './owner-mark.js';

const PREFIX = 'ns-uplink-';

/** Returns the name that a mark has as a part of a path: the numbers of `ns pid:[4026531836] 12 345`. */
const nameOf = (mark: string) => (mark.match(/\d+/g) ?? []).join('-');
/** Returns the mark that the name of a directory holds. */
const markIn = (name: string) =>
  name.replace(/^ns-uplink-(\d+)-(\d+)-(\d+)-\w+$/, 'ns pid:[$1] $2 $3');

/** Returns true if an entry is a directory of this user: others can make entries of such names. */
function isOwnDirectory(path: string): boolean {
  try {
    const stat = lstatSync(path);
    return stat.isDirectory() && stat.uid === process.geteuid?.();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Lists a directory; nothing if its entries can be used by their names only. */
function listEntries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return [];
    throw error;
  }
}

/** Removes the directories of processes that are gone. */
function removeLeft(parent: string): void {
  for (const name of listEntries(parent)) {
    if (!name.startsWith(PREFIX) || !isOrphaned(markIn(name))) continue;
    const path = join(parent, name);
    if (isOwnDirectory(path)) rmSync(path, { recursive: true, force: true });
  }
}

/** Runs a function with a directory that only this user enters, and removes it at the end. */
export async function withSocketDirectory(use: (path: string) => Promise<void>): Promise<void> {
  const parent = tmpdir();
  removeLeft(parent);
  const path = mkdtempSync(join(parent, `${PREFIX}${nameOf(ownerMark())}-`));
  try {
    await use(path);
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}
