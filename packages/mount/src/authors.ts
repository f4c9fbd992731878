/**
 * For authors of packages: entries of a root in normal form.
 *
 * @module @ns/mount/authors
 */
export type { NewEntry } from './rootfs/parse-root-entry.js';
export { parseRootEntry } from './rootfs/parse-root-entry.js';
export { rootfsWith } from './rootfs/rootfs.js';
