// The child's descriptors: what each is connected to, and the ends that stay here.

import { constants } from 'node:fs';
import { ownOptions } from '../contract/arguments.js';
import { assertFd, closeFd, O_CLOEXEC, pipe } from '../sys/fd.js';
import { AT, F } from '../sys/flags.js';
import { syscall } from '../sys/syscall.js';
import type { StdioItem, StdioOptions } from './options.js';
import { openTerminal, type TerminalSize } from './terminal.js';

/** One descriptor of the child. */
export interface ChildDescriptor {
  /** Its number in the child. */
  readonly target: number;
  /** The descriptor here that it is a copy of. */
  readonly source: number;
  /** Status flags to set in the child: Node leaves its own descriptors non-blocking. */
  readonly statusFlags?: number | undefined;
}

/** What one descriptor of the child was opened as. */
interface Opened {
  readonly source: number;
  readonly kept: ParentEnd | null;
  readonly statusFlags?: number | undefined;
}

/** An end of a pipe that stays in the parent. */
export interface ParentEnd {
  readonly fd: number;
  readonly readable: boolean;
  readonly writable: boolean;
}

/** All that spawn opened for the child's descriptors. */
export interface Stdio {
  readonly descriptors: readonly ChildDescriptor[];
  /** By the child's number; null where nothing stays here. */
  readonly parentEnds: readonly (ParentEnd | null)[];
  /** Our end of the IPC channel, if there is one. */
  readonly channel: number | undefined;
  /** Our end of the child's terminal, if it has one. */
  readonly terminal: number | undefined;
  /** Closes what only the child needs. */
  closeChildEnds(): void;
  /** Closes everything, after a failure. */
  closeAll(): void;
}

const AF_UNIX = 1;
const SOCK_STREAM = 1;

function socketPair(): [number, number] {
  const pair = new Int32Array(2);
  syscall('socketpair', AF_UNIX, SOCK_STREAM | O_CLOEXEC, 0, pair);
  return [pair[0] as number, pair[1] as number];
}

/** The list form of the stdio option. */
export function stdioList(stdio: StdioOptions | undefined): readonly StdioItem[] {
  if (stdio === undefined || stdio === null) return ['pipe', 'pipe', 'pipe'];
  if (typeof stdio === 'string') return [stdio, stdio, stdio];
  if (!Array.isArray(stdio)) throw new TypeError(`stdio must be a word or an array: ${stdio}`);
  const list = [...(stdio as readonly StdioItem[])];
  while (list.length < 3) list.push(undefined);
  return list.map((item, i) => item ?? (i < 3 ? 'pipe' : 'ignore'));
}

function fdOf(item: StdioItem, i: number): number {
  if (typeof item === 'number') {
    assertFd(item, `stdio[${i}]`);
    return item;
  }
  const stream = item as { fd?: unknown; _handle?: { fd?: unknown } | null };
  const fd = typeof stream === 'object' ? (stream.fd ?? stream._handle?.fd) : undefined;
  if (typeof fd !== 'number' || fd < 0) {
    throw new TypeError(
      `stdio[${i}] must be 'pipe', 'ignore', 'inherit', a file descriptor or a stream that has one: ${String(item)}`,
    );
  }
  return fd;
}

/** Gives the number under which a descriptor of the caller is still open when the child is made. */
export type Take = (fd: number) => number;

/** Opens what the child's descriptors need. */
export function openStdio(
  list: readonly StdioItem[],
  passFds: readonly number[],
  take: Take,
): Stdio {
  const childEnds: number[] = [];
  const parentEnds: (ParentEnd | null)[] = [];
  const channels: number[] = [];
  const descriptors: ChildDescriptor[] = [];
  const close = (fds: number[]) => fds.splice(0).forEach(closeFd);
  const closeAll = () => {
    close(childEnds);
    for (const end of parentEnds.splice(0)) if (end) closeFd(end.fd);
    close(channels);
  };

  const given = (fd: number) => {
    // Node may have made these non-blocking for itself.
    const flags = fd > 2 ? 0 : syscall('fcntl', fd, F.GETFL);
    const blocking = flags & ~constants.O_NONBLOCK;
    const statusFlags = flags === blocking ? undefined : blocking;
    return { source: take(fd), kept: null, statusFlags };
  };
  const open = (item: StdioItem, i: number): Opened => {
    if (item === 'inherit') return given(i);
    if (item === 'ignore') {
      const source = syscall('openat', AT.FDCWD, '/dev/null', constants.O_RDWR | O_CLOEXEC, 0);
      childEnds.push(source);
      return { source, kept: null };
    }
    if (item === 'ipc') {
      const [fd, source] = socketPair();
      childEnds.push(source);
      channels.push(fd);
      return { source, kept: null };
    }
    if (item !== 'pipe' && item !== 'overlapped') return given(fdOf(item, i));
    if (i > 2) {
      const [fd, source] = socketPair();
      childEnds.push(source);
      return { source, kept: { fd, readable: true, writable: true } };
    }
    const ends = pipe();
    const source = i === 0 ? ends.read : ends.write;
    childEnds.push(source);
    const fd = i === 0 ? ends.write : ends.read;
    return { source, kept: { fd, readable: i !== 0, writable: i === 0 } };
  };

  try {
    list.forEach((item, i) => {
      const { source, kept, statusFlags } = ownOptions(open(item, i));
      parentEnds.push(kept);
      descriptors.push({ target: i, source, statusFlags });
    });
    for (const fd of passFds)
      descriptors.push({ target: fd, source: take(fd), statusFlags: undefined });
  } catch (error) {
    closeAll();
    throw error;
  }
  return {
    descriptors,
    parentEnds,
    channel: channels[0],
    terminal: undefined,
    closeChildEnds: () => close(childEnds),
    closeAll,
  };
}

/** The same for a child whose descriptors 0, 1 and 2 are a new terminal. */
export function openTerminalStdio(
  size: TerminalSize,
  passFds: readonly number[],
  take: Take,
): Stdio {
  const passed = passFds.map((fd) => ({ target: fd, source: take(fd), statusFlags: undefined }));
  const { master, slave } = openTerminal(size);
  const opened = [slave];
  const closeChildEnds = () => opened.splice(0).forEach(closeFd);
  return {
    descriptors: [
      ...[0, 1, 2].map((target) => ({ target, source: slave, statusFlags: undefined })),
      ...passed,
    ],
    parentEnds: [null, null, null],
    channel: undefined,
    terminal: master,
    closeChildEnds,
    closeAll: () => {
      closeChildEnds();
      closeFd(master);
    },
  };
}
