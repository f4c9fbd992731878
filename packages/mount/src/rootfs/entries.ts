// What a caller puts into a root: mounts, files, directories and links.
import { AT, type Call } from '@ns/core/authors';
import { O_CLOEXEC, trySyscall } from '@ns/core/sys';
import { addMountable, stepOf } from '../build.js';
import { OPEN_TREE } from '../flags.js';
import type { Mount } from '../mounts.js';
import type { Base } from './base.js';
import type { FileEntry, RootEntry, SymlinkEntry } from './options.js';

const O_WRONLY = 0o1;
const O_CREAT = 0o100;
const O_EXCL = 0o200;
const STATX_TYPE = 1;
const STX_MODE = 28;
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

/**
 * Asked here, because a program cannot choose: if it has changed by then, the mount fails. Why it
 * cannot be asked, the child will say in its own words.
 */
function isDirectory(path: string): boolean {
  const status = new DataView(new ArrayBuffer(256));
  if (trySyscall('statx', AT.FDCWD, path, 0, STATX_TYPE, status) < 0) return true;
  return (status.getUint16(STX_MODE, true) & S_IFMT) === S_IFDIR;
}

function addMountEntry({ inside }: Base, mount: Mount, inUserNamespace: boolean): void {
  const { target } = mount;
  const step = `${stepOf(mount)} at ${target}`;
  const isLink = mount.type === 'bind' && mount.nofollow === true;
  const isFile = mount.type === 'bind' && !isDirectory(mount.source);
  const own = mount.type === 'tmpfs' || mount.type === 'ramfs';
  // What is the root's own becomes read-only when it has been filled: see Inside.finish.
  const made = own && mount.readonly ? { ...mount, readonly: false } : mount;
  const tree = addMountable(inside.program, made, inUserNamespace, step);
  const place = isLink
    ? inside.link(target, step)
    : isFile
      ? inside.file(target, step)
      : inside.directory(target, step);
  inside.attach(tree, place, target, { own, readonly: own && mount.readonly === true }, step);
}

function addFile({ inside, scratch }: Base, entry: FileEntry, name: string): void {
  const { target, mode = 0o644 } = entry;
  const step = `writing ${target}`;
  const content = Buffer.from(entry.content);
  if (inside.isOwn(target)) {
    inside.write(target, content, mode, step);
    return;
  }
  // Mounted over the existing one, from the tmpfs that goes with the old root.
  const { program } = inside;
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
  const file: Call = program.call('openat', scratch, name, flags, mode, { step });
  program.call('write', file, content, content.length, { step, expect: content.length });
  program.call('close', file);
  const clone = OPEN_TREE.CLONE | OPEN_TREE.CLOEXEC;
  const tree = program.call('open_tree', scratch, name, clone, { step });
  inside.attach(tree, inside.file(target, step), target, {}, step);
}

function addSymlink({ inside }: Base, { target, to }: SymlinkEntry): void {
  const step = `linking ${target} to ${to}`;
  const [parent, name] = inside.parent(target, step);
  inside.program.call('unlinkat', parent, name, 0, { step, tolerate: ['ENOENT'] });
  inside.program.call('symlinkat', to, parent, name, { step });
  inside.closeParent(parent);
}

/** Adds the calls that put these into the root. */
export function addEntries(
  base: Base,
  entries: readonly RootEntry[],
  inUserNamespace: boolean,
): void {
  entries.forEach((entry, i) => {
    const { type, target } = entry;
    if ((type === 'directory' || type === 'symlink') && !base.inside.isOwn(target)) {
      throw new TypeError(
        `${target}: a ${type} is not made in directories that are not the root's own; use overlay`,
      );
    }
    if (type === 'file') addFile(base, entry, `file${i}`);
    else if (type === 'symlink') addSymlink(base, entry);
    else if (type === 'directory') {
      const { mode = 0o755 } = entry;
      base.inside.close(base.inside.directory(target, `making ${target}`, { mode }));
    } else addMountEntry(base, entry, inUserNamespace);
  });
  base.inside.finish();
}
