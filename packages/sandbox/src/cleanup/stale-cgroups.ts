// The groups of sandboxes, by name, and what is left of those whose maker was killed.
import { readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

const NAME = /^ns-sandbox-\d+-([0-9a-z]+)(-\d+)+$/;
/** Age in milliseconds by which a new group has got its first process, with a large margin. */
const SETTLED = 60_000;
/** The group has processes, another process has removed it, or it belongs to another user. */
const KEPT = ['EBUSY', 'ENOENT', 'EACCES', 'EPERM'];

let made = 0;

/** The beginning of a name, which numbers follow. */
export function nameBeginning(): string {
  return `ns-sandbox-${process.pid}-${Date.now().toString(36)}`;
}

/** A name that no other group has. */
export function groupName(): string {
  return `${nameBeginning()}-${made++}`;
}

/**
 * Removes groups without processes below a directory: a maker that is killed takes its processes
 * along, but not the group. One with processes cannot be removed.
 */
export function removeLeftGroups(directory: string, age = SETTLED): void {
  for (const name of readdirSync(directory)) {
    const [, time] = NAME.exec(name) ?? [];
    if (time === undefined || Date.now() - Number.parseInt(time, 36) < age) continue;
    try {
      rmdirSync(join(directory, name));
    } catch (error) {
      if (!KEPT.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}
