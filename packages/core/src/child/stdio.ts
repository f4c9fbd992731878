// The child's descriptors: what each is connected to, and the ends that stay here.

import { constants } from 'node:fs';
import { type Parser, refuse } from '../contract/parser.js';
import { descriptor } from '../contract/values.js';
import { closeFd, O_CLOEXEC, pipe } from '../sys/fd.js';
import { AT, F } from '../sys/flags.js';
import { syscall } from '../sys/syscall.js';
import type { StdioItem } from './options.js';
import { openTerminal, type Size } from './terminal.js';

/** One descriptor of the child. */
export interface ChildDescriptor {
  /** Its number in the child. */
  readonly target: number;
  /** The descriptor here that it is a copy of. */
  readonly source: number;
  /** Status flags to set in the child: Node leaves its own descriptors non-blocking. */
  readonly statusFlags?: number | undefined;
}

/** One descriptor of the child, opened. */
interface Opened {
  readonly source: number;
  readonly kept: ParentEnd | null;
  readonly statusFlags: number | undefined;
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

/** The stdio of a child whose caller sets none. */
export const defaultStdio: readonly StdioItem[] = ['pipe', 'pipe', 'pipe'];

const words: ReadonlySet<unknown> = new Set(['pipe', 'overlapped', 'ignore', 'inherit']);

const parseItem: Parser<StdioItem> = (value, name) => {
  if (words.has(value) || value === 'ipc') return value as StdioItem;
  return descriptorOf(value, name);
};

/** The parser of `stdio`: the item of each descriptor. */
export const parseStdio: Parser<readonly StdioItem[] | undefined> = (value, name) => {
  if (value === null) return undefined;
  if (words.has(value)) return [value, value, value] as StdioItem[];
  if (!Array.isArray(value)) {
    refuse(name, "'pipe', 'overlapped', 'ignore', 'inherit' or an array", value);
  }
  const list: unknown[] = [...value];
  while (list.length < 3) list.push(undefined);
  return list.map((item, i) => parseItem(item ?? (i < 3 ? 'pipe' : 'ignore'), `${name}[${i}]`));
};

/** Returns the descriptor of a stream, or the number itself. */
function descriptorOf(value: unknown, name: string): number {
  if (typeof value === 'number') return descriptor(value, name);
  const stream = Object(value) as { fd?: unknown; _handle?: { fd?: unknown } | null };
  const fd = stream.fd ?? stream._handle?.fd;
  if (typeof fd === 'number' && fd >= 0) return fd;
  return refuse(
    name,
    "'pipe', 'ignore', 'inherit', a file descriptor or a stream that has one",
    value,
  );
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
      return { source, kept: null, statusFlags: undefined };
    }
    if (item === 'ipc') {
      const [fd, source] = socketPair();
      childEnds.push(source);
      channels.push(fd);
      return { source, kept: null, statusFlags: undefined };
    }
    if (typeof item === 'number') return given(item);
    if (i > 2) {
      const [fd, source] = socketPair();
      childEnds.push(source);
      return { source, kept: { fd, readable: true, writable: true }, statusFlags: undefined };
    }
    const ends = pipe();
    const source = i === 0 ? ends.read : ends.write;
    childEnds.push(source);
    const fd = i === 0 ? ends.write : ends.read;
    return {
      source,
      kept: { fd, readable: i !== 0, writable: i === 0 },
      statusFlags: undefined,
    };
  };

  try {
    list.forEach((item, i) => {
      const { source, kept, statusFlags } = open(item, i);
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
export function openTerminalStdio(size: Size, passFds: readonly number[], take: Take): Stdio {
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
