// Paths inside of a root that may be hostile: every one is resolved by the kernel with the new root
// as the end of all ways, and what is then done is done to the descriptor.
import {
  type Call,
  type CallOptions,
  ParentDescriptor,
  type Program,
  RESOLVE,
} from '@ns/core/authors';
import { O_CLOEXEC, O_PATH } from '@ns/core/sys';
import { addReadonly } from '../build.js';
import { MOVE_MOUNT } from '../flags.js';

const O_DIRECTORY = process.arch === 'arm64' ? 0o40000 : 0o200000;
const O_NOFOLLOW = process.arch === 'arm64' ? 0o100000 : 0o400000;
const O_WRONLY = 0o1;
const O_CREAT = 0o100;
const O_EXCL = 0o200;

/** struct open_how: flags, mode, resolve. */
function openHow(flags: number, resolve: number): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(flags), 0n, BigInt(resolve)).buffer);
}

const IN_ROOT = RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS;
const ANYTHING = openHow(O_PATH | O_CLOEXEC, IN_ROOT);
const LINK = openHow(O_PATH | O_CLOEXEC | O_NOFOLLOW, IN_ROOT);
const DIRECTORY = openHow(O_PATH | O_CLOEXEC | O_DIRECTORY, IN_ROOT);
const REAL_DIRECTORY = openHow(O_PATH | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW, IN_ROOT);
// For directories that are written to: never into another mount, which may show the caller's files.
const SAME_MOUNT = openHow(O_PATH | O_CLOEXEC | O_DIRECTORY, IN_ROOT | RESOLVE.NO_XDEV);

/** The calls that open a path: the second one runs if the first one fails. */
export type Place = readonly [found: Call, made?: Call];

/** The use of a mount in the new root. */
interface Use {
  /** True if the mount belongs to the container, so that mountpoints and files may be made in it. */
  readonly own?: boolean;
  /** True to make the mount read-only after it has been filled. */
  readonly readonly?: boolean;
}

/** A mount in the new root. */
interface Layer extends Use {
  readonly path: string;
  /** Open as long as something may be made in it, closed otherwise. */
  readonly mount: Call | ParentDescriptor;
}

type Hint = NonNullable<CallOptions['hint']>;

const missing = (path: string): Hint => ({
  ENOENT: `${path} does not exist in the root, and is not made in directories that are not the root's own: make it, or use overlay.`,
});
/** The errors of a path that leads out of the root or to a file of another type. */
const ASTRAY = ['EEXIST', 'ELOOP', 'ENOENT', 'ENOTDIR', 'EXDEV'];
const blocked = (path: string): Hint => {
  const hint = `${path} cannot be made: a part of it is a dangling link, leads to another mount, or is not a directory.`;
  return Object.fromEntries(ASTRAY.map((code) => [code, hint]));
};

/** The new root, while it is being filled. */
export class Inside {
  readonly program: Program;
  readonly #root: Call | ParentDescriptor;
  readonly #layers: Layer[];

  constructor(program: Program, root: Call | ParentDescriptor, own: boolean) {
    this.program = program;
    this.#root = root;
    this.#layers = [{ path: '/', mount: root, own }];
  }

  /** Returns true if files and directories may be made at this path. */
  isOwn(path: string): boolean {
    return this.#layerOf(path).own === true;
  }

  /** Opens something that has to be there, or to be tolerated as missing. */
  open(path: string, options: CallOptions = {}): Call {
    return this.#open(ANYTHING, path, options);
  }

  /** Opens a link without following it. */
  link(path: string, step: string): Place {
    return [this.#open(LINK, path, { step })];
  }

  /** Makes a directory the working directory. */
  enter(path: string, step: string): void {
    this.program.call('fchdir', this.#open(DIRECTORY, path, { step }), { step });
  }

  /** Opens a directory that may be missing. */
  tryDirectory(path: string, options: CallOptions): Call {
    return this.#open(DIRECTORY, path, { ...options, tolerate: ['ENOENT', 'ENOTDIR'] });
  }

  /** Opens a directory, made if need be; or a link to one, unless `real`. */
  directory(path: string, step: string, { mode = 0o755, real = false } = {}): Place {
    const how = real ? REAL_DIRECTORY : DIRECTORY;
    const layer = this.#layerOf(path);
    if (!layer.own) return [this.#open(how, path, { step, hint: missing(path) })];
    const { program } = this;
    const found = this.#open(how, path, { step, tolerate: ['ENOENT'] });
    const options = { step, ifFailed: found, hint: blocked(path) };
    const above = namesBelow(layer.path, path);
    const last = above.pop() as string;
    let parent = layer.mount;
    // A call can have only one condition: a descriptor whose open has failed is closed with EBADF.
    const closing = { ifFailed: found, tolerate: ['EBADF'] };
    above.forEach((name, i) => {
      const prefix = above.slice(0, i + 1).join('/');
      const call = ['openat2', layer.mount, prefix, SAME_MOUNT, SAME_MOUNT.length] as const;
      const there = program.call(...call, { ...options, tolerate: ['ENOENT'] });
      program.call('mkdirat', parent, name, 0o755, { ...options, ifFailed: there });
      program.call('close', there, closing);
      if (i > 0) program.call('close', parent, closing);
      parent = program.call(...call, options);
    });
    program.call('mkdirat', parent, last, mode, options); // all above is there, so this is missing
    if (above.length > 0) program.call('close', parent, closing);
    return [found, this.#open(how, path, options)];
  }

  /** Opens a file that is to be mounted on, made if need be. */
  file(path: string, step: string): Place {
    if (!this.isOwn(path)) return [this.open(path, { step, hint: missing(path) })];
    const found = this.open(path, { step, tolerate: ['ENOENT'] });
    const [parent, name] = this.parent(path, step);
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    const options = { step, ifFailed: found, hint: blocked(path) };
    const made = this.program.call('openat', parent, name, flags, 0o644, options);
    // Open for writing, it would keep the mount from being made read-only.
    this.program.call('close', made, options);
    this.closeParent(parent);
    return [found, this.open(path, options)];
  }

  /** Opens the parent directory of a path to be made, and returns it with the last name. */
  parent(path: string, step: string): [directory: Call | ParentDescriptor, name: string] {
    const layer = this.#layerOf(path);
    const names = namesBelow(layer.path, path);
    const name = names.pop() as string;
    if (names.length === 0) return [layer.mount, name];
    const above = path.slice(0, path.lastIndexOf('/'));
    this.close(this.directory(above, step));
    const call = ['openat2', layer.mount, names.join('/'), SAME_MOUNT, SAME_MOUNT.length] as const;
    return [this.program.call(...call, { step, hint: blocked(above) }), name];
  }

  /** Makes a file with this content, and replaces an existing file or link. */
  write(path: string, content: Uint8Array, mode: number, step: string): void {
    const { program } = this;
    const [parent, name] = this.parent(path, step);
    program.call('unlinkat', parent, name, 0, { step, tolerate: ['ENOENT'] });
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    const file = program.call('openat', parent, name, flags, mode, { step });
    program.call('write', file, content, content.length, { step, expect: content.length });
    program.call('close', file);
    this.closeParent(parent);
  }

  /** Closes what has been opened: a child has no more descriptors than it may have, RLIMIT_NOFILE. */
  close([found, made]: Place): void {
    this.program.call('close', found, made ? { ifSucceeded: found } : {});
    if (made) this.program.call('close', made, { ifFailed: found });
  }

  /** Closes what {@link parent} has opened, unless it is a mount. */
  closeParent(parent: Call | ParentDescriptor): void {
    if (this.#layers.some(({ mount }) => mount === parent)) return;
    this.program.call('close', parent);
  }

  /** Makes the mounts that have been filled read-only. */
  finish(): void {
    for (const { path, mount, readonly } of this.#layers) {
      if (readonly) addReadonly(this.program, mount, 0, { step: `making ${path} read-only` });
    }
  }

  /** Attaches a mount to the descriptor that `path` was opened as. */
  attach(mount: Call | ParentDescriptor, place: Place, path: string, use: Use, step: string): void {
    const [found, made] = place;
    const flags = MOVE_MOUNT.F_EMPTY_PATH | MOVE_MOUNT.T_EMPTY_PATH;
    const to = (place: Call, options: CallOptions) =>
      this.program.call('move_mount', mount, '', place, '', flags, { step, ...options });
    to(found, made ? { ifSucceeded: found } : {});
    if (made) to(made, { ifFailed: found });
    this.close(place);
    if (!use.own && !(mount instanceof ParentDescriptor)) this.program.call('close', mount);
    this.#layers.push({ path, mount, ...use });
  }

  #open(how: Uint8Array, path: string, options: CallOptions): Call {
    return this.program.call('openat2', this.#root, path, how, how.length, options);
  }

  /** Returns the latest mount that contains this path. */
  #layerOf(path: string): Layer {
    const found = this.#layers.findLast((layer) => namesBelow(layer.path, path).length > 0);
    return found ?? (this.#layers[0] as Layer);
  }
}

/** Returns the names of a path below another one, or none if it is not below. */
function namesBelow(above: string, path: string): string[] {
  const prefix = above === '/' ? '/' : `${above}/`;
  return path.startsWith(prefix) ? path.slice(prefix.length).split('/') : [];
}
