// A pseudo-terminal for the child: its controlling terminal, and a stream to it here.

import { constants } from 'node:fs';
import { Duplex } from 'node:stream';
import { assertKeys, ownOptions } from '../contract/arguments.js';
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
  columns?: number;
  /** Default: 24. */
  rows?: number;
}

/** Throws for sizes that a terminal cannot have. */
export function checkTerminal(terminal: unknown): void {
  if (terminal === undefined || typeof terminal === 'boolean') return;
  if (typeof terminal !== 'object' || terminal === null) {
    throw new TypeError(`terminal must be a boolean or a size: ${String(terminal)}`);
  }
  assertKeys(terminal, ['columns', 'rows'], 'terminal');
  const size: TerminalSize = ownOptions(terminal);
  for (const name of ['columns', 'rows'] as const) {
    const value = size[name];
    if (value === undefined) continue;
    if (!Number.isInteger(value) || value < 0 || value > 0xffff) {
      throw new RangeError(`terminal.${name} must be an integer from 0 to 65535: ${value}`);
    }
  }
}

function setSize(fd: number, { columns = 80, rows = 24 }: TerminalSize): void {
  syscall('ioctl', fd, TIOCSWINSZ, Uint16Array.of(rows, columns, 0, 0));
}

/** Both ends of a new pseudo-terminal. */
export function openTerminal(size: TerminalSize): { master: number; slave: number } {
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
    checkTerminal(size);
    if (this.#fd === -1) throw new Error('the terminal is closed');
    setSize(this.#fd, ownOptions(size));
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
