// A directory for the time of a sandbox.
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes a directory of the caller's own. */
export function makeTemporary(): string {
  return mkdtempSync(join(tmpdir(), 'ns-sandbox-'));
}

/** Lets the owner into directories that an archive or the kernel has closed even to him. */
function openUp(directory: string): void {
  chmodSync(directory, 0o700);
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) openUp(join(directory, entry.name));
  }
}

/** Removes it with all that is in it. */
export function removeTemporary(directory: string): void {
  if (process.geteuid?.() !== 0) openUp(directory);
  rmSync(directory, { recursive: true, force: true });
}
