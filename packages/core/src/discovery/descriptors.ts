// Namespaces that open descriptors keep alive: files of nsfs, and sockets for network namespaces.
// Lean, because it looks at every descriptor of the machine.
import { constants, fstatSync } from 'node:fs';
import { closeFd, O_CLOEXEC } from '../sys/fd.js';
import { AT } from '../sys/flags.js';
import type { NamespaceType } from '../sys/namespace-types.js';
import { addressOf, rawSyscall } from '../sys/native.js';
import { syscallNumber } from '../sys/numbers.js';
import { trySyscall } from '../sys/syscall.js';
import { parseNamespaceName } from './mountinfo.js';

const READLINKAT = syscallNumber('readlinkat');
const GETDENTS64 = syscallNumber('getdents64');
const SIOCGSKNS = 0x894c;
const EPERM = 1;
const EACCES = 13;
const EMFILE = 24;
const SLASH = 0x2f;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
// struct linux_dirent64
const RECORD_LENGTH = 16;
const NAME = 19;

const entries = Buffer.alloc(32 * 1024);
const entriesAddress = addressOf(entries);
const target = Buffer.alloc(64);
const targetAddress = addressOf(target);
const TUN = Buffer.from('/dev/net/tun');

/** The number in the bytes from `at` on; -1 if there is none. */
function numberAt(bytes: Uint8Array, at: number): number {
  let number = -1;
  for (let i = at; ; i++) {
    const byte = bytes[i];
    if (byte === undefined || byte < DIGIT_0 || byte > DIGIT_9) return number;
    number = Math.max(number, 0) * 10 + byte - DIGIT_0;
  }
}

/** Called for descriptors that hold namespaces. */
export interface DescriptorVisitor {
  /** A descriptor of a namespace. */
  namespace(pid: number, fd: number, type: NamespaceType, inode: number): void;
  /** A socket (or a tun device, which counts as one) that lives in this network namespace. */
  socket(pid: number, fd: number, inode: number, open: () => number): void;
}

/** Processes that the caller may not look into. */
export interface DescriptorsHidden {
  /** None of their descriptors can be seen. */
  readonly descriptors: number[];
  /** Processes with sockets whose namespaces are not known. */
  readonly sockets: number[];
}

/** Looks through the descriptors of processes. */
export class DescriptorSearch {
  readonly hidden: DescriptorsHidden = { descriptors: [], sockets: [] };
  readonly #visitor: DescriptorVisitor;
  readonly #withSockets: boolean;
  // Network namespace of each socket seen, by the socket's inode: processes share many of them.
  readonly #homes = new Map<number, number>();

  constructor(visitor: DescriptorVisitor, withSockets: boolean) {
    this.#visitor = visitor;
    this.#withSockets = withSockets;
  }

  /** Looks at all descriptors of a process. */
  process(pid: number): void {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | O_CLOEXEC;
    const directory = trySyscall('openat', AT.FDCWD, `/proc/${pid}/fd`, flags, 0);
    if (directory === -EACCES || directory === -EPERM) this.hidden.descriptors.push(pid);
    if (directory < 0) return;
    const sockets = new ProcessSockets(pid);
    try {
      for (;;) {
        const size = Number(
          rawSyscall(GETDENTS64, directory, entriesAddress, entries.length, 0, 0, 0),
        );
        if (size <= 0) return;
        for (let at = 0; at < size; at += entries.readUInt16LE(at + RECORD_LENGTH)) {
          if (!this.#look(pid, directory, at + NAME, sockets)) {
            this.hidden.descriptors.push(pid);
            return;
          }
        }
      }
    } finally {
      closeFd(directory);
      if (sockets.unseen) this.hidden.sockets.push(pid);
      sockets.close();
    }
  }

  /** @returns false if the caller may not */
  #look(pid: number, directory: number, name: number, sockets: ProcessSockets): boolean {
    const fd = numberAt(entries, name);
    if (fd < 0) return true; // . and ..
    const length = Number(
      rawSyscall(
        READLINKAT,
        directory,
        entriesAddress + BigInt(name),
        targetAddress,
        target.length,
        0,
        0,
      ),
    );
    if (length === -EACCES || length === -EPERM) return false;
    if (length <= 0 || length === target.length) return true;
    const colon = target.indexOf(':');
    if (target[0] === SLASH) {
      const isTun = length === TUN.length && target.subarray(0, length).equals(TUN);
      if (isTun && this.#withSockets) this.#socket(pid, fd, undefined, sockets);
    } else if (colon === 6 && target.toString('latin1', 0, 8) === 'socket:[') {
      if (this.#withSockets) this.#socket(pid, fd, numberAt(target, 8), sockets);
    } else if (colon > 0 && colon < length) {
      const found = parseNamespaceName(target.toString('latin1', 0, length));
      if (found) this.#visitor.namespace(pid, fd, found.type, found.inode);
    }
    return true;
  }

  #socket(pid: number, fd: number, inode: number | undefined, sockets: ProcessSockets): void {
    let home = inode === undefined ? undefined : this.#homes.get(inode);
    if (home === undefined) {
      const open = sockets.openHome(fd);
      if (open < 0) return;
      home = fstatSync(open).ino;
      closeFd(open);
      if (inode !== undefined) this.#homes.set(inode, home);
    }
    this.#visitor.socket(pid, fd, home, () => sockets.openHome(fd));
  }
}

/** Copies of the sockets of one process, for as long as a question takes. */
class ProcessSockets {
  readonly #pid: number;
  #pidfd: number | undefined;
  /** True if the namespace of one of them is not known. */
  unseen = false;

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** A new descriptor of the network namespace of a socket; negative if there is none to be had. */
  openHome(fd: number): number {
    if (this.#pid === process.pid) return this.#checked(trySyscall('ioctl', fd, SIOCGSKNS));
    this.#pidfd ??= this.#checked(trySyscall('pidfd_open', this.#pid, 0));
    if (this.#pidfd < 0) return -1;
    const copy = this.#checked(trySyscall('pidfd_getfd', this.#pidfd, fd, 0));
    if (copy < 0) return -1;
    try {
      return this.#checked(trySyscall('ioctl', copy, SIOCGSKNS));
    } finally {
      closeFd(copy);
    }
  }

  #checked(result: number): number {
    if (result === -EPERM || result === -EACCES || result === -EMFILE) this.unseen = true;
    return result;
  }

  close(): void {
    if (this.#pidfd !== undefined && this.#pidfd >= 0) closeFd(this.#pidfd);
  }
}
