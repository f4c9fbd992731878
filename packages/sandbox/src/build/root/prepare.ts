// Prepares the disk for a sandbox: directories of an overlay, an unpacked archive, placeholders.
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
import { Rollback } from '@ns/core/authors';
import type { RootOverlay } from '@ns/mount';
import { makeTemporary } from '../../cleanup/temporary-directory.js';
import { pathOfFd } from '../../files/resolve.js';
import type { Settings } from '../../options/members.js';
import { type ArchiveSource, type UnpackOptions, unpack } from '../../unpack/unpack.js';
import type { Identity } from '../identity.js';
import { holdPlaceholders } from './placeholder.js';
import { changesInMemory, layoutOf, type PreparedRoot } from './rootfs-options.js';

/** A root that is ready to be mounted. */
export interface ReadyRoot extends PreparedRoot {
  /** The layers of an overlay, if its changes can be listed. */
  readonly changes: { readonly lower: string; readonly upper: string } | undefined;
  /** Removes everything that was created for it. */
  release(): Promise<void>;
}

type Owner = Identity['outside'];
/** A root that is not the host's and not empty. */
type RootSource = Exclude<Settings['root'], string>;

/** Options of unpacking that the caller has set. */
type Unpacking = Pick<UnpackOptions, 'onProgress' | 'signal'>;
type Mounted = Omit<PreparedRoot, 'layout'> & Pick<ReadyRoot, 'changes'>;

/** The path in a plan of a directory that would be created. */
const TEMPORARY = '/TEMPORARY';
const PRIVATE = 0o700;
/** The mode of a directory in which others can come to a name that they know. */
const PASSABLE = 0o711;

const layersIn = (place: string) => ({ upper: join(place, 'upper'), work: join(place, 'work') });
const isUnpacked = (root: RootSource) => !('directory' in root);

/** Returns the directory that becomes the root, or its lowest layer. */
const lowerOf = (root: RootSource, temporary: string) =>
  'directory' in root ? root.directory : join(temporary, 'root');

/** Returns the place of changes: a directory, or memory with its limits; undefined without an overlay. */
function changesOf(root: RootSource, temporary: string): string | RootOverlay | undefined {
  const { overlay, writable } = root;
  if (overlay === 'list') return temporary;
  if (overlay === 'discard') return changesInMemory();
  if (overlay !== undefined) {
    return 'keep' in overlay ? overlay.keep : changesInMemory(overlay.discard);
  }
  if (!isUnpacked(root)) return undefined;
  // An unpacked root is thrown away in any case. Mountpoints can be made in an overlay alone.
  return writable ? temporary : changesInMemory();
}

/** Returns the layers of a root. */
function mounted(root: RootSource, temporary: string): Mounted {
  const directory = lowerOf(root, temporary);
  const changes = changesOf(root, temporary);
  const writable = root.writable || root.overlay !== undefined;
  const none = { overlay: undefined, changes: undefined };
  if (changes === undefined) return { directory, writable, ...none };
  if (typeof changes === 'object')
    return { directory, writable, overlay: changes, changes: undefined };
  const overlay = layersIn(changes);
  return { directory, writable, overlay, changes: { lower: directory, upper: overlay.upper } };
}

/** Returns the archive or image of a root. */
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
      throw new Error(`cannot give ${directory} to the commands' user: it has just been replaced`);
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
  { onProgress, signal }: Unpacking,
): Promise<Mounted> {
  if (!('directory' in root)) {
    await unpack(archiveOf(root), lowerOf(root, place), {
      maxSize: root.maxSize,
      ...(process.geteuid?.() === 0 ? { owner } : {}),
      onProgress,
      signal,
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
  root: Settings['root'],
  owner: Owner,
  unpacking: Unpacking,
  rollback: Rollback,
): Promise<Mounted> {
  if (typeof root === 'string') return planned(root);
  if (!isUnpacked(root) && root.overlay !== 'list') return fill(root, owner, '', unpacking);
  const temporary = await makeTemporary();
  rollback.add(() => temporary.remove());
  return fill(root, owner, makePlace(temporary.path, owner), unpacking);
}

/** Creates everything on the disk that the root needs. */
export async function prepareRoot(
  settings: Settings,
  { outside }: Pick<Identity, 'outside'>,
  signal?: AbortSignal,
): Promise<ReadyRoot> {
  const { root, onProgress } = settings;
  const layout = layoutOf(settings, { outside });
  const rollback = new Rollback();
  try {
    rollback.add(await holdPlaceholders(layout.shown.placeholders));
    const ready = await prepare(root, outside, { onProgress, signal }, rollback);
    return { ...ready, layout, release: () => rollback.undo() };
  } catch (error) {
    await rollback.undoFailed();
    throw error;
  }
}

function planned(root: Settings['root']): Mounted {
  const none = { overlay: undefined, changes: undefined };
  if (root === 'host') return { directory: '/', writable: false, ...none };
  if (root === 'empty') return { directory: undefined, writable: false, ...none };
  return mounted(root, TEMPORARY);
}

/** Returns the root of a plan: nothing is created, and a placeholder names what would be. */
export function planRoot(settings: Settings, identity: Pick<Identity, 'outside'>): PreparedRoot {
  return { ...planned(settings.root), layout: layoutOf(settings, identity) };
}
