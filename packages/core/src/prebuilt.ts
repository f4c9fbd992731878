// Where the parts are that are files of their own. This file sits as deep as the bundles in dist do,
// so that one relative path serves both.
import { fileURLToPath } from 'node:url';

/** Path of a prebuilt native part for this machine. */
export function prebuilt(name: 'spawn.so' | 'init'): string {
  return fileURLToPath(new URL(`../prebuilds/linux-${process.arch}/${name}`, import.meta.url));
}

/** What the thread of a NamespaceWorker begins with: built, also for the sources' own tests. */
export const workerEntry = new URL('../dist/worker-entry.js', import.meta.url);
