// Where the parts are that are files of their own. This file sits as deep as the bundles in dist do,
// so that one relative path serves both.
import { join } from 'node:path';

/** Path of a prebuilt native part for this machine. */
export function prebuilt(name: 'spawn.so' | 'runner'): string {
  return join(import.meta.dirname, `../prebuilds/linux-${process.arch}`, name);
}

/** Path of the file that the thread of a NamespaceWorker begins with: built, also for the sources' own tests. */
export const workerEntry = join(import.meta.dirname, '../dist/worker-entry.js');
