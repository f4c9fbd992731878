// The control files of one group, by a descriptor of its directory: a change of the path does not
// redirect them (SECURITY.md S2).
import { constants, readdirSync } from 'node:fs';
import { isSystemError, SystemError } from '@ns/core';
import { AT } from '@ns/core/authors';
import { closeFd, O_CLOEXEC, syscall, trySyscall } from '@ns/core/sys';
import { readHierarchy } from './hierarchy.js';

const ENOENT = 2;
const EPERM = 1;
const EACCES = 13;
const EBUSY = 16;
const ENODEV = 19;
const EROFS = 30;
const PAGE = 65_536;
const decoder = new TextDecoder();

/** Beginnings of the kernel's file names, also those of later kernels. */
const CONTROL_FILE = /^(cgroup|cpu|cpuset|memory|io|pids|hugetlb|misc|rdma|irq|dmem)\./;

/** Returns true if the name of a group looks like that of a control file. */
export function looksLikeFile(name: string): boolean {
  return CONTROL_FILE.test(name);
}

/** Returns the reason why a controller, or a file of it, may be missing: disabled, or on v1. */
export function missing(file: string): string {
  const [controller = ''] = file.split('.');
  if (controller === 'cgroup') {
    return 'This kernel does not have the file, or not for this group, or the group has been removed.';
  }
  const { mode, controllers, legacyControllers } = readHierarchy();
  if (controllers.includes(controller)) {
    return `The ${controller} controller is not enabled for this group (or this kernel lacks the file): enable it in the parent.`;
  }
  const legacy = controller === 'io' ? 'blkio' : controller;
  if (legacyControllers.includes(legacy)) {
    return `This machine has a ${mode} set-up: its ${controller} controller is on cgroup v1, so the v2 tree has no ${controller} limits and figures. Boot with systemd.unified_cgroup_hierarchy=1.`;
  }
  return `This kernel has no ${controller} controller, or it is not passed on to this tree.`;
}

function hintFor(errno: number, call: string, file: string): string | undefined {
  if (errno === ENOENT) {
    return looksLikeFile(file) ? missing(file) : 'The group above has been removed.';
  }
  if (errno === ENODEV) return 'The group has been removed.';
  if (errno === EBUSY && file === 'cgroup.subtree_control') {
    return 'A group with processes cannot pass controllers on: move them into a group below it first.';
  }
  if (errno === EBUSY && call === 'unlinkat') return 'There are processes or groups in the group.';
  if (errno === EROFS) return 'The tree is mounted read-only here, as in most containers.';
  if (errno === EACCES || errno === EPERM) {
    return 'The group belongs to another user. Where systemd owns the tree, ask it for a delegated one: openScope(), or systemd-run --user --scope -p Delegate=yes.';
  }
  return undefined;
}

/** The error of an operation on a group or on a file of it, by its path. */
export function fileError(
  errno: number,
  call: string,
  path: string,
  ...args: unknown[]
): SystemError {
  const file = path.slice(path.lastIndexOf('/') + 1);
  const hint = hintFor(errno, call, file);
  const details = { step: `cgroup file ${file}`, ...(hint === undefined ? {} : { hint }) };
  return new SystemError(errno, call, [path, ...args], details);
}

/** A group's directory and files. */
export class ControlFiles {
  readonly path: string;
  readonly #fd: number;
  #closed = false;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  /** Opens a directory. */
  static open(path: string, at: number = AT.FDCWD, name: string = path): ControlFiles {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | O_CLOEXEC;
    return new ControlFiles(path, syscall('openat', at, name, flags, 0));
  }

  get fd(): number {
    if (this.#closed) throw new Error(`the cgroup ${this.path} is closed`);
    return this.#fd;
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeFd(this.#fd);
  }

  /** Opens a file: returns a descriptor, which the caller closes, or a negative error number. */
  tryOpenFile(file: string, flags: number): number {
    return trySyscall('openat', this.fd, file, flags | O_CLOEXEC, 0);
  }

  /** Opens a file. The caller closes the descriptor. */
  openFile(file: string, flags: number): number {
    const fd = this.tryOpenFile(file, flags);
    if (fd < 0) throw fileError(-fd, 'openat', `${this.path}/${file}`);
    return fd;
  }

  /** Reads a whole file. */
  read(file: string): string {
    const fd = this.openFile(file, constants.O_RDONLY);
    try {
      const parts: string[] = [];
      const buffer = new Uint8Array(PAGE);
      for (;;) {
        const length = trySyscall('read', fd, buffer, buffer.length);
        if (length < 0) throw fileError(-length, 'read', `${this.path}/${file}`);
        if (length === 0) return parts.join('');
        parts.push(decoder.decode(buffer.subarray(0, length)));
      }
    } finally {
      closeFd(fd);
    }
  }

  /** Reads a file; undefined if it does not exist. */
  readIfThere(file: string): string | undefined {
    try {
      return this.read(file);
    } catch (error) {
      // EOPNOTSUPP: the file is there, but the group's type or the kernel's settings forbid it.
      if (isSystemError(error, 'ENOENT') || isSystemError(error, 'EOPNOTSUPP')) return undefined;
      throw error;
    }
  }

  /** Returns true if the group has been removed, as systemd removes a scope after its last process. */
  isGone(): boolean {
    const fd = this.tryOpenFile('cgroup.procs', constants.O_RDONLY);
    if (fd >= 0) closeFd(fd);
    return fd === -ENOENT || fd === -ENODEV;
  }

  /** Writes a value, in one call: the kernel takes it as a whole. */
  write(file: string, value: string): void {
    const fd = this.openFile(file, constants.O_WRONLY);
    try {
      const text = new TextEncoder().encode(value);
      const result = trySyscall('write', fd, text, text.length);
      if (result < 0) throw fileError(-result, 'write', `${this.path}/${file}`, value);
    } finally {
      closeFd(fd);
    }
  }

  /**
   * Returns the processes in the group, to signal or move them. A process that is invisible in the
   * caller's pid namespace reads as 0, which as an argument would mean the caller.
   */
  reachableProcesses(): number[] {
    const pids = this.read('cgroup.procs').split('\n').filter(Boolean).map(Number);
    if (pids.includes(0)) {
      throw new Error(`${this.path} has processes that this pid namespace does not see`);
    }
    return pids;
  }

  /** Returns the names of the files. */
  names(): string[] {
    return readdirSync(this.#self());
  }

  /** Returns the names of the groups right below. */
  groups(): string[] {
    return readdirSync(this.#self(), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  }

  /** The directory as a path, whatever its name is by now. */
  #self(): string {
    return `/proc/self/fd/${this.fd}/.`;
  }
}
