// What has to be on the disk before a sandbox is made: directories of an overlay, an unpacked archive.
import { chmodSync, chownSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RootOverlay } from '@ns/mount';
import type { Identity } from './identity.js';
import type { RootSource, SandboxOptions } from './options.js';
import { changesInMemory, type PreparedRoot } from './root.js';
import { makeTemporary } from './temporary.js';
import { type ArchiveSource, unpack } from './unpack/unpack.js';

/** A root that is ready to be mounted. */
export interface ReadyRoot extends PreparedRoot {
  /** Where the changes of an overlay are, if they can be listed. */
  readonly changes?: { readonly lower: string; readonly upper: string };
  /** Removes what was made for it. */
  release(): Promise<void>;
}

type Owner = Identity['outside'];
type Options = Pick<SandboxOptions, 'root' | 'onProgress'>;

const nothing = { release: async () => {} };

/** Stands in a plan for a directory that would be made. */
const TEMPORARY = '/TEMPORARY';

const layersIn = (place: string) => ({ upper: join(place, 'upper'), work: join(place, 'work') });
const isUnpacked = (root: RootSource) => !('directory' in root);

/** The directory that becomes the root, or its lowest layer. */
const lowerOf = (root: RootSource, temporary: string) =>
  'directory' in root ? root.directory : join(temporary, 'root');

/** Where changes go: to a directory, or to memory with its limits; undefined without an overlay. */
function changesOf(root: RootSource, temporary: string): string | RootOverlay | undefined {
  const { overlay, writable = false } = root;
  if (overlay === 'list') return temporary;
  if (overlay === 'discard') return changesInMemory();
  if (overlay !== undefined) {
    return 'keep' in overlay ? overlay.keep : changesInMemory(overlay.discard);
  }
  if (!isUnpacked(root)) return undefined;
  // What has been unpacked is thrown away in any case. Mountpoints can be made in an overlay alone.
  return writable ? temporary : changesInMemory();
}

/** How a root is mounted. */
function mounted(root: RootSource, temporary: string): PreparedRoot & Pick<ReadyRoot, 'changes'> {
  const directory = lowerOf(root, temporary);
  const changes = changesOf(root, temporary);
  const writable = root.writable === true || root.overlay !== undefined;
  if (changes === undefined) return { directory, writable };
  if (typeof changes === 'object') return { directory, writable, overlay: changes };
  const overlay = layersIn(changes);
  return { directory, writable, overlay, changes: { lower: directory, upper: overlay.upper } };
}

/** The archive or image of a root, without what becomes of it. */
function archiveOf(root: Exclude<RootSource, { directory: string }>): ArchiveSource {
  if ('tar' in root) return { tar: root.tar };
  const { oci, reference } = root;
  return { oci, ...(reference === undefined ? {} : { reference }) };
}

/** A directory that the commands' user may change. */
function makeFor(directory: string, { uid, gid }: Owner): void {
  if (existsSync(directory)) return;
  mkdirSync(directory, { mode: 0o755 });
  if (process.geteuid?.() === 0) chownSync(directory, uid, gid);
}

async function fill(
  root: RootSource,
  owner: Owner,
  place: string,
  onProgress: SandboxOptions['onProgress'],
): Promise<ReturnType<typeof mounted>> {
  if (!('directory' in root)) {
    await unpack(archiveOf(root), lowerOf(root, place), {
      ...(root.maxSize === undefined ? {} : { maxSize: root.maxSize }),
      ...(process.geteuid?.() === 0 ? { owner } : {}),
      ...(onProgress ? { onProgress } : {}),
    });
  }
  const made = mounted(root, place);
  if (made.changes) {
    const top = changesOf(root, place) as string;
    if (typeof root.overlay === 'object') mkdirSync(top, { recursive: true });
    for (const one of Object.values(layersIn(top))) makeFor(one, owner);
  }
  return made;
}

/** Makes what the root needs. */
export async function prepareRoot(
  { root = 'host', onProgress }: Options,
  { outside }: Pick<Identity, 'outside'>,
): Promise<ReadyRoot> {
  if (typeof root === 'string') return { ...planRoot({ root }), ...nothing };
  if (!isUnpacked(root) && root.overlay !== 'list') {
    return { ...(await fill(root, outside, '', onProgress)), ...nothing };
  }
  const temporary = await makeTemporary();
  try {
    const made = await fill(root, outside, temporary.path, onProgress);
    chmodSync(temporary.path, 0o711); // the one who mounts it may be somebody else
    return { ...made, release: () => temporary.remove() };
  } catch (error) {
    await temporary.remove();
    throw error;
  }
}

/** The same without making anything: what stands where it would be made is named in words. */
export function planRoot({ root = 'host' }: Options): PreparedRoot {
  if (root === 'host') return { directory: '/', writable: false };
  if (root === 'empty') return { writable: false };
  return mounted(root, TEMPORARY);
}
