// Opens namespaces: of a process, of the calling thread, behind a pidfd, a path or a socket.
import { constants, readFileSync } from 'node:fs';
import { type Members, options as parseOptions, withDefault } from '../contract/options.js';
import {
  boolean,
  descriptor,
  namespaceType,
  path as parsePath,
  pid as parsePid,
} from '../contract/values.js';
import { closeFd, duplicate, O_CLOEXEC } from '../sys/fd.js';
import { AT } from '../sys/flags.js';
import { type NamespaceType, namespaceTypes } from '../sys/namespace-types.js';
import { syscall, trySyscall } from '../sys/syscall.js';
import { SystemError } from '../sys/system-error.js';
import { typeOfNsfs } from './nsfs.js';

/** Options that select a namespace of a process. */
export interface OpenOptions {
  /**
   * The namespace that new children will be in, where that can differ (pid and time): after
   * `unshare` it does. Default: the one that the process itself is in.
   */
  forChildren?: boolean | undefined;
}

const SIOCGSKNS = 0x894c;
const ENOENT = 2;
const ESRCH = 3;
const EACCES = 13;
const ENOTTY = 25;
// Non-blocking: the path may turn out to be a fifo.
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | O_CLOEXEC;

/** Requests of a pidfd's ioctl (Linux 6.11). @see ioctl_pidfd(2) */
const pidfdRequests: Readonly<Record<string, number>> = {
  cgroup: 0xff01,
  ipc: 0xff02,
  mnt: 0xff03,
  net: 0xff04,
  pid: 0xff05,
  pid_for_children: 0xff06,
  time: 0xff07,
  time_for_children: 0xff08,
  user: 0xff09,
  uts: 0xff0a,
};

const parseOpen = parseOptions({
  forChildren: withDefault(boolean, false),
} satisfies Members<OpenOptions>);

/** Returns the name of the file in /proc/PID/ns. */
function fileOf(type: NamespaceType, options: OpenOptions): string {
  const facts = namespaceTypes[namespaceType(type, 'type')];
  const { forChildren: isWanted } = parseOpen(options);
  const forChildren = Object.hasOwn(facts, 'forChildren') ? facts.forChildren : undefined;
  if (!isWanted) return facts.file;
  if (forChildren === undefined) {
    throw new TypeError(
      `options.forChildren cannot be set for ${type}: children are in the ${type} namespace of their parent`,
    );
  }
  return forChildren;
}

function hintFor(errno: number, file: string): string | undefined {
  if (errno === EACCES) {
    return "Namespaces of other users' processes, and of privileged ones, need CAP_SYS_PTRACE.";
  }
  if (errno !== ENOENT) return undefined;
  return file === 'pid_for_children'
    ? 'The process does not exist, or its new pid namespace has no process yet.'
    : 'The process does not exist, or this kernel does not support the namespace type.';
}

function openLink(of: number | string, file: string): number {
  const path = `/proc/${of}/ns/${file}`;
  const fd = trySyscall('openat', AT.FDCWD, path, OPEN_FLAGS, 0);
  if (fd >= 0) return fd;
  const hint = hintFor(-fd, file);
  const args = [AT.FDCWD, path, OPEN_FLAGS, 0];
  throw new SystemError(-fd, 'openat', args, hint === undefined ? {} : { hint });
}

/** Opens the namespace of a process. */
export function openOf(pid: number | 'self', type: NamespaceType, options: OpenOptions): number {
  return openLink(pid === 'self' ? pid : parsePid(pid, 'pid'), fileOf(type, options));
}

/** Opens the namespace of the calling thread. */
export function openCurrent(type: NamespaceType, options: OpenOptions): number {
  return openLink('thread-self', fileOf(type, options));
}

/** The pid behind a pidfd, as /proc numbers it. */
export function pidOf(pidfd: number): number {
  const info = readFileSync(`/proc/self/fdinfo/${pidfd}`, 'utf8');
  const pid = /^Pid:\s*(-?\d+)$/m.exec(info)?.[1];
  if (pid === undefined) throw new TypeError(`pidfd: descriptor ${pidfd} is not a pidfd`);
  if (Number(pid) <= 0) throw new SystemError(ESRCH, 'pidfd_send_signal', [pidfd, 0]);
  return Number(pid);
}

/** Before Linux 6.11: by way of /proc, and sure that the number was not another process's by then. */
export function openByNumber(pidfd: number, file: string): number {
  const fd = openLink(pidOf(pidfd), file);
  // Until the process is reaped, its number is its own. EPERM means that it exists.
  if (trySyscall('pidfd_send_signal', pidfd, 0, null, 0) === -ESRCH) {
    closeFd(fd);
    throw new SystemError(ESRCH, 'pidfd_send_signal', [pidfd, 0, null, 0]);
  }
  return fd;
}

/** Opens a namespace of the process behind a pidfd; never of another one that got its number. */
export function openOfPidfd(pidfd: number, type: NamespaceType, options: OpenOptions): number {
  descriptor(pidfd, 'pidfd');
  const file = fileOf(type, options);
  const request = pidfdRequests[file] as number;
  const fd = trySyscall('ioctl', pidfd, request, 0);
  if (fd >= 0) return fd;
  if (fd === -ENOTTY) return openByNumber(pidfd, file);
  const hint = hintFor(-fd, file);
  throw new SystemError(-fd, 'ioctl', [pidfd, request, 0], hint === undefined ? {} : { hint });
}

/** Opens the network namespace that a socket lives in. */
export function openOfSocket(fd: number): number {
  descriptor(fd, 'fd');
  return syscall('ioctl', fd, SIOCGSKNS);
}

/** An open namespace of a type that was not known before. */
export interface Opened {
  readonly type: NamespaceType;
  readonly fd: number;
}

function parseWanted(type: NamespaceType | undefined): void {
  if (type !== undefined) namespaceType(type, 'type');
}

/** Returns the open namespace with its type; closes and refuses a descriptor of any other file. */
function identify(fd: number, wanted: NamespaceType | undefined, name: string): Opened {
  try {
    const type = typeOfNsfs(fd);
    if (type === undefined) throw new TypeError(`${name} is not a namespace`);
    if (wanted !== undefined && wanted !== type) {
      throw new TypeError(`${name} is a ${type} namespace, not ${wanted}`);
    }
    return { type, fd };
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/** Opens a file of nsfs. */
export function openPath(path: string, wanted: NamespaceType | undefined): Opened {
  parsePath(path, 'path');
  parseWanted(wanted);
  return identify(syscall('openat', AT.FDCWD, path, OPEN_FLAGS, 0), wanted, `path ${path}`);
}

/** Duplicates a descriptor of nsfs. */
export function openCopy(fd: number, wanted: NamespaceType | undefined): Opened {
  descriptor(fd, 'fd');
  parseWanted(wanted);
  return identify(duplicate(fd), wanted, `fd ${fd}`);
}

/** Takes a descriptor of nsfs over. */
export function takeOver(fd: number, wanted: NamespaceType | undefined): Opened {
  descriptor(fd, 'fd');
  parseWanted(wanted);
  return identify(fd, wanted, `fd ${fd}`);
}
