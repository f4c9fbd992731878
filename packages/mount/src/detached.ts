// Mounts that are in no namespace yet.
import type { Namespace } from '@ns/core';
import { AT, type Members, Program, parse } from '@ns/core/authors';
import { closeFd, syscall } from '@ns/core/sys';
import {
  attributeChange,
  attributeMembers,
  type MountAttributes,
  mountAttr,
} from './attributes.js';
import { addDetached } from './build.js';
import { MOUNT_ATTR, MOVE_MOUNT, OPEN_TREE } from './flags.js';
import { type IdMaps, parseIdmap, withIdmap } from './idmap.js';
import { LoopDevice, type LoopOptions } from './loop.js';
import type { MountSource } from './mounts.js';
import { parseNewSource } from './parse-mount.js';
import { type Propagation, parsePropagation } from './propagation.js';
import { runHere, threadIsInUserNamespace } from './run-in-namespace.js';

/** Options of {@link DetachedMount.setAttributes}. */
export interface AttributeOptions extends MountAttributes {
  /** Change the mounts below as well. Default: true. */
  recursive?: boolean | undefined;
  /** Set the propagation in the same step. */
  propagation?: Propagation | undefined;
  /**
   * The owners that its files seem to have: maps, or a user namespace that has them. Only once for a mount.
   * Needs CAP_SYS_ADMIN in the user namespace that owns the file system. Linux 5.12; overlay 5.19,
   * tmpfs 6.3.
   */
  idmap?: IdMaps | Namespace | undefined;
}

const parseAttributes = parse.options({
  recursive: parse.withDefault(parse.boolean, true),
  propagation: parsePropagation,
  idmap: parseIdmap,
  ...attributeMembers,
} satisfies Members<AttributeOptions>);

/** Options of {@link DetachedMount.attach}. */
export interface AttachOptions {
  /** Mount beneath the topmost mount at the target, which then hides this one. Linux 6.5. */
  beneath?: boolean | undefined;
}

const parseAttach = parse.options({
  beneath: parse.withDefault(parse.boolean, false),
} satisfies Members<AttachOptions>);

/** Gives a function the struct mount_attr of the options, and its flags. */
function withAttributes<Result>(
  options: AttributeOptions,
  use: (attr: Uint8Array, flags: number) => Result,
): Result {
  const { recursive, propagation, idmap, ...attributes } = parseAttributes(options);
  const { set, clear } = attributeChange(attributes);
  const flags = recursive ? AT.RECURSIVE : 0;
  if (idmap === undefined) return use(mountAttr({ set, clear }, propagation), flags);
  return withIdmap(idmap, ({ fd }) =>
    use(mountAttr({ set: set | MOUNT_ATTR.IDMAP, clear }, propagation, fd), flags),
  );
}

/**
 * A mount that is built and configured before it is attached, so that it is complete when it appears.
 * It can be used by its descriptor (`/proc/self/fd/N`, openat2) while it is detached. Closing it before
 * it is attached unmounts it.
 *
 * Belongs to the calling thread's mount namespace. Needs CAP_SYS_ADMIN over it.
 *
 * @example
 * using mount = DetachedMount.create({ type: 'tmpfs', size: '16M' });
 * mount.setAttributes({ noexec: true });
 * mount.attach('/mnt');
 * @see fsmount(2), open_tree(2), move_mount(2)
 */
export class DetachedMount implements Disposable {
  #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * Makes a new file system or, of type `bind`, a copy of a part of the tree. Linux 5.12.
   *
   * @throws {SystemError} EPERM; ENODEV if the kernel does not have the file system; EINVAL for a parameter,
   *   with the kernel's own words in the error's `hint`
   */
  static create(source: MountSource): DetachedMount {
    const parsed = parseNewSource(source, 'source');
    const program = new Program();
    const mount = addDetached(program, parsed, threadIsInUserNamespace());
    return new DetachedMount(runHere(program, mount));
  }

  /**
   * Makes a mount of the file system in a file, by way of a loop device that is freed with the mount.
   * Needs root. Linux 5.8.
   *
   * @example DetachedMount.createFromImage('/srv/root.squashfs', 'squashfs')
   * @throws {SystemError} EINVAL if the file has another file system; EPERM, ENODEV
   */
  static createFromImage(
    file: string,
    filesystem: string,
    options: LoopOptions = {},
  ): DetachedMount {
    const type = parse.path(filesystem, 'filesystem');
    using loop = LoopDevice.create(file, options);
    const { path, readonly } = loop;
    return DetachedMount.create({ type: 'other', filesystem: type, source: path, readonly });
  }

  /** The descriptor of its root directory, for system calls. Only {@link close} closes it. */
  get fd(): number {
    if (this.#fd < 0) throw new Error('the mount has been attached or closed');
    return this.#fd;
  }

  /**
   * `mount_setattr(fd)`: changes its attributes. Those that are left out stay as they are. Linux 5.12.
   *
   * @throws {SystemError} EPERM if it would clear an attribute that an outer user namespace has locked, or
   *   if it has an id map already: see {@link copy}
   */
  setAttributes(options: AttributeOptions): void {
    withAttributes(options, (attr, flags) => {
      syscall('mount_setattr', this.fd, '', AT.EMPTY_PATH | flags, attr, attr.length);
    });
  }

  /**
   * `open_tree_attr(fd)`: a detached copy with other attributes; unlike {@link setAttributes}, also with
   * another id map than this mount's. Linux 6.15.
   *
   * @throws {SystemError} ENOSYS before Linux 6.15; EPERM as for setAttributes
   */
  copy(options: AttributeOptions): DetachedMount {
    return withAttributes(options, (attr, below) => {
      const flags = AT.EMPTY_PATH | OPEN_TREE.CLONE | OPEN_TREE.CLOEXEC | below;
      return new DetachedMount(syscall('open_tree_attr', this.fd, '', flags, attr, attr.length));
    });
  }

  /**
   * `move_mount(fd, path)`: attaches it, with all mounts below, at a path of the calling thread's mount
   * namespace, and closes the object.
   *
   * @throws {SystemError} ENOENT; EINVAL if only one of the two is a directory or, with `beneath`, if
   *   nothing is mounted at the target
   */
  attach(target: string, options: AttachOptions = {}): void {
    const path = parse.path(target, 'target');
    const beneath = parseAttach(options).beneath ? MOVE_MOUNT.BENEATH : 0;
    const flags = MOVE_MOUNT.F_EMPTY_PATH | MOVE_MOUNT.T_SYMLINKS | beneath;
    syscall('move_mount', this.fd, '', AT.FDCWD, path, flags);
    this.close();
  }

  /** Closes it, and so unmounts it unless it has been attached. A second call does nothing. */
  close(): void {
    if (this.#fd < 0) return;
    closeFd(this.#fd);
    this.#fd = -1;
  }

  /** Closes it, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
