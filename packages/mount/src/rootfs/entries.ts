// The entries of a root: mounts, files, directories and links.
import { AT, type Call } from '@ns/core/authors';
import { O_CLOEXEC, trySyscall } from '@ns/core/sys';
import { addMountable, stepOf } from '../build.js';
import { MOUNT_ATTR, OPEN_TREE } from '../flags.js';
import type { FilesystemSource, TargetedMount } from '../parse-mount.js';
import type { Base } from './base.js';
import type { NewEntry, NewFile, NewSymlink } from './parse-root-entry.js';

const O_WRONLY = 0o1;
const O_CREAT = 0o100;
const O_EXCL = 0o200;
const STATX_TYPE = 1;
const STX_MODE = 28;
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

/**
 * True for a directory, and for a path that cannot be looked at: the child's error then says why. It is
 * decided here, because a program has no choices: if the path changes until then, the mount fails.
 */
function isDirectory(path: string): boolean {
  const status = new DataView(new ArrayBuffer(256));
  if (trySyscall('statx', AT.FDCWD, path, 0, STATX_TYPE, status) < 0) return true;
  return (status.getUint16(STX_MODE, true) & S_IFMT) === S_IFDIR;
}

const MEMORY: ReadonlySet<string> = new Set(['tmpfs', 'ramfs']);

function isReadonly(source: TargetedMount['source']): boolean {
  return source.kind !== 'detached' && (source.attributes.set & MOUNT_ATTR.RDONLY) !== 0;
}

/** Returns the source without the attribute `readonly`. */
function writable(source: FilesystemSource): FilesystemSource {
  const { set, clear } = source.attributes;
  return { ...source, attributes: { set: set & ~MOUNT_ATTR.RDONLY, clear } };
}

function addMountEntry(
  { inside }: Base,
  { target, source }: TargetedMount,
  isInUserNamespace: boolean,
): void {
  const step = `${stepOf(source)} at ${target}`;
  const isLink = source.kind === 'tree' && source.nofollow;
  const isFile = source.kind === 'tree' && !isDirectory(source.path);
  const own = source.kind === 'filesystem' && MEMORY.has(source.filesystem.type);
  // A mount of the root's own becomes read-only once it is filled: see Inside.finish.
  const mount = addMountable(
    inside.program,
    own ? writable(source) : source,
    isInUserNamespace,
    step,
  );
  const place = isLink
    ? inside.link(target, step)
    : isFile
      ? inside.file(target, step)
      : inside.directory(target, step);
  inside.attach(mount, place, target, { own, readonly: own && isReadonly(source) }, step);
}

function addFile(
  { inside, scratch }: Base,
  { target, content, mode }: NewFile,
  name: string,
): void {
  const step = `writing ${target}`;
  if (inside.isOwn(target)) {
    inside.write(target, content, mode, step);
    return;
  }
  // Mounted over the existing file, from the tmpfs that goes with the old root.
  const { program } = inside;
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
  const file: Call = program.call('openat', scratch, name, flags, mode, { step });
  program.call('write', file, content, content.length, { step, expect: content.length });
  program.call('close', file);
  const clone = OPEN_TREE.CLONE | OPEN_TREE.CLOEXEC;
  const tree = program.call('open_tree', scratch, name, clone, { step });
  inside.attach(tree, inside.file(target, step), target, {}, step);
}

function addSymlink({ inside }: Base, { target, to }: NewSymlink): void {
  const step = `linking ${target} to ${to}`;
  const [parent, name] = inside.parent(target, step);
  inside.program.call('unlinkat', parent, name, 0, { step, tolerate: ['ENOENT'] });
  inside.program.call('symlinkat', to, parent, name, { step });
  inside.closeParent(parent);
}

/** Adds the calls that put entries into the root. */
export function addEntries(
  base: Base,
  entries: readonly NewEntry[],
  isInUserNamespace: boolean,
): void {
  entries.forEach((entry, i) => {
    const { type, target } = entry;
    if ((type === 'directory' || type === 'symlink') && !base.inside.isOwn(target)) {
      throw new TypeError(
        `cannot make the ${type} ${target} in a directory of the caller: use overlay`,
      );
    }
    if (type === 'file') addFile(base, entry, `file${i}`);
    else if (type === 'symlink') addSymlink(base, entry);
    else if (type === 'directory') {
      const { mode } = entry;
      base.inside.close(base.inside.directory(target, `making ${target}`, { mode }));
    } else addMountEntry(base, entry, isInUserNamespace);
  });
  base.inside.finish();
}
