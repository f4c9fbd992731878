// A pseudo-terminal for the child: its controlling terminal, and a stream to it here.

import { constants } from 'node:fs';
import { Duplex } from 'node:stream';
import { type Members, options, required, withDefault } from '../contract/options.js';
import { type Parser, refuse } from '../contract/parser.js';
import { integer } from '../contract/values.js';
import { closeFd, O_CLOEXEC } from '../sys/fd.js';
import { AT } from '../sys/flags.js';
import { rawWatch, type Watch } from '../sys/native.js';
import { syscall, trySyscall } from '../sys/syscall.js';
import { SystemError } from '../sys/system-error.js';
import { nothingInherited } from './socket.js';

const TIOCSPTLCK = 0x4004_5431;
const TIOCGPTPEER = 0x5441;
const TIOCSWINSZ = 0x5414;
const EAGAIN = 11;
const EIO = 5;
const CHUNK = 65536;

/** Size of a terminal, in characters. */
export interface TerminalSize {
  /** Default: 80. */
  columns?: number | undefined;
  /** Default: 24. */
  rows?: number | undefined;
}

/** A size, with the defaults filled in. */
export type Size = Readonly<Record<keyof TerminalSize, number>>;

const count = integer(0, 0xffff);

const parseSize = options({
  columns: withDefault(count, 80),
  rows: withDefault(count, 24),
} satisfies Members<TerminalSize>);

/** The parser of `terminal`: its size, or undefined for none. */
export const parseTerminal: Parser<Size | undefined> = (value, name) => {
  if (value === false) return undefined;
  if (value === true) return parseSize({}, name);
  if (typeof value !== 'object') refuse(name, 'a boolean or a size', value);
  return parseSize(value, name);
};

const parseNewSize = options({ columns: required(count), rows: required(count) });

function setSize(fd: number, { columns, rows }: Size): void {
  syscall('ioctl', fd, TIOCSWINSZ, Uint16Array.of(rows, columns, 0, 0));
}

/** Both ends of a new pseudo-terminal. */
export function openTerminal(size: Size): { master: number; slave: number } {
  const flags = constants.O_RDWR | constants.O_NOCTTY | O_CLOEXEC;
  const master = syscall('openat', AT.FDCWD, '/dev/ptmx', flags | constants.O_NONBLOCK, 0);
  try {
    syscall('ioctl', master, TIOCSPTLCK, new Int32Array(1));
    setSize(master, size);
    // By the master and not by its name: /dev/pts may be another instance's.
    return { master, slave: syscall('ioctl', master, TIOCGPTPEER, flags) };
  } catch (error) {
    closeFd(master);
    throw error;
  }
}

/** The caller's end of a child's pseudo-terminal: what it types and what it sees. */
export class Terminal extends Duplex {
  #fd: number;
  #watch: Watch | undefined;
  #wantsRead = false;
  #pending: { rest: Uint8Array; done: (error?: Error | null) => void } | undefined;

  /** @internal */
  constructor(fd: number) {
    super({ ...nothingInherited, allowHalfOpen: false } as object);
    this.#fd = fd;
  }

  /**
   * Changes the size; the foreground processes get SIGWINCH.
   * @see ioctl_tty(2)
   */
  resize(size: Required<TerminalSize>): void {
    const parsed = parseNewSize(size, 'size');
    if (this.#fd === -1) throw new Error('cannot resize the terminal: it is closed');
    setSize(this.#fd, parsed);
  }

  /** @internal */
  override _read(): void {
    this.#wantsRead = true;
    this.#rearm();
  }

  /** @internal */
  override _write(
    chunk: Uint8Array,
    _encoding: string,
    done: (error?: Error | null) => void,
  ): void {
    this.#pending = { rest: chunk, done };
    this.#drain();
  }

  /** @internal */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#watch?.close();
    this.#watch = undefined;
    if (this.#fd !== -1) closeFd(this.#fd);
    this.#fd = -1;
    done(error);
  }

  #rearm(): void {
    this.#watch?.close();
    this.#watch = undefined;
    if (this.#fd === -1 || (!this.#wantsRead && !this.#pending)) return;
    const events = { readable: this.#wantsRead, writable: this.#pending !== undefined };
    this.#watch = rawWatch(this.#fd, events, () => this.#ready());
  }

  #ready(): void {
    if (this.#pending) this.#drain();
    if (this.#wantsRead) this.#fill();
  }

  #fill(): void {
    const buffer = Buffer.allocUnsafe(CHUNK);
    const length = trySyscall('read', this.#fd, buffer, CHUNK);
    if (length === -EAGAIN) return;
    // EIO: the last one on the other side has gone.
    if (length === 0 || length === -EIO) {
      this.#wantsRead = false;
      this.#rearm();
      this.push(null);
    } else if (length < 0) {
      this.destroy(new SystemError(-length, 'read', [this.#fd]));
    } else {
      this.#wantsRead = this.push(buffer.subarray(0, length));
      if (!this.#wantsRead) this.#rearm();
    }
  }

  #drain(): void {
    const pending = this.#pending;
    if (!pending) return;
    const { rest, done } = pending;
    const written = rest.length === 0 ? 0 : trySyscall('write', this.#fd, rest, rest.length);
    if (written >= 0 && written < rest.length) {
      this.#pending = { rest: rest.subarray(written), done };
    } else if (written !== -EAGAIN) {
      this.#pending = undefined;
      done(written < 0 ? new SystemError(-written, 'write', [this.#fd]) : null);
    }
    this.#rearm();
  }
}
