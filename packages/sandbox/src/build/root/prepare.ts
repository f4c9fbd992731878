// What has to be on the disk before a sandbox is made: directories of an overlay, an unpacked archive.
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { RootOverlay } from '@ns/mount';
import { pathOfFd } from '../../files/resolve.js';
import type { Identity } from '../identity.js';
import { Made } from '../../made.js';
import type { RootSource, SandboxOptions } from '../../options/types.js';
import { holdPlaceholders } from './placeholder.js';
import { changesInMemory, layoutOf, type PreparedRoot } from './rootfs-options.js';
import { makeTemporary } from '../../cleanup/temporary-directory.js';
import { type ArchiveSource, unpack } from '../../unpack/unpack.js';

/** A root that is ready to be mounted. */
export interface ReadyRoot extends PreparedRoot {
  /** Where the changes of an overlay are, if they can be listed. */
  readonly changes?: { readonly lower: string; readonly upper: string };
  /** Removes what was made for it. */
  release(): Promise<void>;
}

type Owner = Identity['outside'];
type Mounted = Omit<PreparedRoot, 'layout'> & Pick<ReadyRoot, 'changes'>;

/** Stands in a plan for a directory that would be made. */
const TEMPORARY = '/TEMPORARY';
const PRIVATE = 0o700;
/** Others can come to a name that they know. */
const PASSABLE = 0o711;

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
function mounted(root: RootSource, temporary: string): Mounted {
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

/**
 * Gives a directory that root has just made to the commands' user. The directory around it may be this
 * user's already, who could put a link to elsewhere in its place: only what is empty and root's is given.
 */
export function giveAway(directory: string, { uid, gid }: Owner): void {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  const fd = openSync(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    if (fstatSync(fd).uid !== 0 || readdirSync(pathOfFd(fd)).length > 0) {
      throw new Error(`${directory} has just been replaced by something else`);
    }
    fchownSync(fd, uid, gid);
  } finally {
    closeSync(fd);
  }
}

/** Makes a directory that belongs to the commands' user. */
function makeFor(directory: string, owner: Owner, mode = 0o755): void {
  if (existsSync(directory)) return;
  mkdirSync(directory, { mode });
  if (process.geteuid?.() === 0) giveAway(directory, owner);
}

async function fill(
  root: RootSource,
  owner: Owner,
  place: string,
  onProgress: SandboxOptions['onProgress'],
): Promise<Mounted> {
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
    if (typeof root.overlay === 'object') {
      mkdirSync(dirname(top), { recursive: true });
      makeFor(top, owner, PRIVATE);
    }
    for (const one of Object.values(layersIn(top))) makeFor(one, owner);
  }
  return made;
}

/**
 * Makes the directory for layers. Set-user-ID programs that commands write are theirs, and others must
 * not come to them: it is private to the user who mounts it, whom the directory around it lets pass.
 */
function makePlace(temporary: string, owner: Owner): string {
  const place = join(temporary, 'layers');
  const caller = process.geteuid?.();
  makeFor(place, owner, PRIVATE);
  if (caller === owner.uid) return place;
  chmodSync(temporary, PASSABLE);
  // Another id of the caller's, to whom nothing can be given. It cannot write here either.
  if (caller !== 0) chmodSync(place, PASSABLE);
  return place;
}

async function prepare(
  root: NonNullable<SandboxOptions['root']>,
  owner: Owner,
  onProgress: SandboxOptions['onProgress'],
  made: Made,
): Promise<Mounted> {
  if (typeof root === 'string') return planned(root);
  if (!isUnpacked(root) && root.overlay !== 'list') return fill(root, owner, '', onProgress);
  const temporary = await makeTemporary();
  made.add(() => temporary.remove());
  return fill(root, owner, makePlace(temporary.path, owner), onProgress);
}

/** Makes what the root needs. */
export async function prepareRoot(
  options: SandboxOptions,
  { outside }: Pick<Identity, 'outside'>,
): Promise<ReadyRoot> {
  const { root = 'host', onProgress } = options;
  const layout = layoutOf(options, { outside });
  const made = new Made();
  try {
    made.add(await holdPlaceholders(layout.shown.placeholders));
    const ready = await prepare(root, outside, onProgress, made);
    return { ...ready, layout, release: () => made.undo() };
  } catch (error) {
    await made.undoFailed();
    throw error;
  }
}

function planned(root: NonNullable<SandboxOptions['root']>): Mounted {
  if (root === 'host') return { directory: '/', writable: false };
  if (root === 'empty') return { writable: false };
  return mounted(root, TEMPORARY);
}

/** The same without making anything: what stands where it would be made is named in words. */
export function planRoot(
  options: SandboxOptions,
  identity: Pick<Identity, 'outside'>,
): PreparedRoot {
  return { ...planned(options.root ?? 'host'), layout: layoutOf(options, identity) };
}
