// Mounts that are in no namespace yet.
import { Namespace } from '@ns/core';
import { AT, assertKeys, type Call, ownOptions, Program } from '@ns/core/authors';
import { closeFd, syscall } from '@ns/core/sys';
import { attributeChange, attributeNames, type MountAttributes, mountAttr } from './attributes.js';
import { addDetached } from './build.js';
import { assertFlag, assertPath } from './checks.js';
import { MOUNT_ATTR, MOVE_MOUNT, OPEN_TREE } from './flags.js';
import { performHere } from './here.js';
import { type IdMaps, withIdmap } from './idmap.js';
import { LoopDevice, type LoopOptions } from './loop.js';
import { checkSource, type MountSource } from './mounts.js';
import { assertPropagation, type Propagation } from './propagation.js';

/** Options of {@link DetachedMount.setAttributes}. */
export interface AttributeOptions extends MountAttributes {
  /** Change the mounts below as well. Default: true. */
  recursive?: boolean;
  /** Set the propagation in the same step. */
  propagation?: Propagation;
  /**
   * Whom its files seem to belong to: maps, or a user namespace that has them. Only once for a mount.
   * Needs CAP_SYS_ADMIN in the user namespace that owns the file system. Linux 5.12; overlay 5.19,
   * tmpfs 6.3.
   */
  idmap?: IdMaps | Namespace;
}

/** Options of {@link DetachedMount.attach}. */
export interface AttachOptions {
  /** Mount beneath the topmost mount at the target, which then hides this one. Linux 6.5. */
  beneath?: boolean;
}

/** Calls back with the struct mount_attr that the options stand for, and the flags that go with it. */
function withAttributes<Result>(
  options: AttributeOptions,
  use: (attr: Uint8Array, flags: number) => Result,
): Result {
  assertKeys(options, [...attributeNames, 'recursive', 'propagation', 'idmap'], 'options');
  const { recursive = true, propagation, idmap } = ownOptions(options);
  assertFlag(recursive, 'recursive');
  if (propagation !== undefined) assertPropagation(propagation);
  const { set, clear } = attributeChange(options, 'options');
  const flags = recursive ? AT.RECURSIVE : 0;
  if (idmap === undefined) return use(mountAttr({ set, clear }, propagation), flags);
  return withIdmap(idmap, ({ fd }) =>
    use(mountAttr({ set: set | MOUNT_ATTR.IDMAP, clear }, propagation, fd), flags),
  );
}

/**
 * A mount that is built and configured before it is attached anywhere: nobody sees it half done.
 * It can be used by its descriptor (`/proc/self/fd/N`, openat2) while it is detached. Closed without
 * having been attached, it is gone.
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
  static create(given: MountSource): DetachedMount {
    const source = ownOptions(given, 'source');
    checkSource(source, 'source');
    const program = new Program();
    using user = Namespace.current('user');
    const mount: Call = addDetached(program, source, !user.isInitial);
    return new DetachedMount(performHere(program, mount));
  }

  /**
   * Makes a mount of the file system in a file, by way of a loop device that is freed with the mount.
   * Needs root. Linux 5.8.
   *
   * @example DetachedMount.image('/srv/root.squashfs', 'squashfs')
   * @throws {SystemError} EINVAL if it is no such file system; EPERM, ENODEV
   */
  static image(file: string, filesystem: string, options: LoopOptions = {}): DetachedMount {
    const { readonly = true } = ownOptions(options);
    using loop = LoopDevice.open(file, options);
    return DetachedMount.create({ type: 'other', filesystem, source: loop.path, readonly });
  }

  /** The descriptor of its root directory, for system calls. It stays the object's. */
  get fd(): number {
    if (this.#fd < 0) throw new Error('the mount has been attached or closed');
    return this.#fd;
  }

  /**
   * `mount_setattr(fd)`: changes what it allows. What is not named stays as it is. Linux 5.12.
   *
   * @throws {SystemError} EPERM if it would clear an attribute that an outer user namespace has locked, or
   *   if it has an id map already: see {@link copy}
   */
  setAttributes(options: AttributeOptions): void {
    const fd = this.fd;
    withAttributes(options, (attr, flags) => {
      syscall('mount_setattr', fd, '', AT.EMPTY_PATH | flags, attr, attr.length);
    });
  }

  /**
   * `open_tree_attr(fd)`: a detached copy with other attributes; unlike {@link setAttributes}, also with
   * another id map than this mount's. Linux 6.15.
   *
   * @throws {SystemError} ENOSYS before Linux 6.15; EPERM as for setAttributes
   */
  copy(options: AttributeOptions): DetachedMount {
    const fd = this.fd;
    return withAttributes(options, (attr, below) => {
      const flags = AT.EMPTY_PATH | OPEN_TREE.CLONE | OPEN_TREE.CLOEXEC | below;
      return new DetachedMount(syscall('open_tree_attr', fd, '', flags, attr, attr.length));
    });
  }

  /**
   * `move_mount(fd, path)`: attaches it, with all mounts below, at a path of the calling thread's mount
   * namespace. The object is closed then.
   *
   * @throws {SystemError} ENOENT; EINVAL if only one of the two is a directory or, with `beneath`, if
   *   nothing is mounted at the target
   */
  attach(target: string, options: AttachOptions = {}): void {
    assertPath(target, 'target');
    assertKeys(options, ['beneath'], 'options');
    const { beneath: isBeneath } = ownOptions(options);
    assertFlag(isBeneath, 'beneath');
    const beneath = isBeneath ? MOVE_MOUNT.BENEATH : 0;
    const flags = MOVE_MOUNT.F_EMPTY_PATH | MOVE_MOUNT.T_SYMLINKS | beneath;
    syscall('move_mount', this.fd, '', AT.FDCWD, target, flags);
    this.close();
  }

  /** Closes it; if it has not been attached, it is unmounted. Again is no error. */
  close(): void {
    if (this.#fd < 0) return;
    closeFd(this.#fd);
    this.#fd = -1;
  }

  /** As {@link close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
