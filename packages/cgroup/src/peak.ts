// Peaks: the most that a group has used, since its creation or since the last reset.
import { constants } from 'node:fs';
import { parse } from '@ns/core/authors';
import { closeFd, trySyscall } from '@ns/core/sys';
import { type ControlFiles, fileError } from './control-files.js';
import { parseCount } from './limit-values.js';

const EACCES = 13;
const EPERM = 1;
const EINVAL = 22;
const ENOUGH = 32;
const decoder = new TextDecoder();

/** A resource of which the kernel notes the most that was used. */
export type PeakResource = 'memory' | 'swap';

const FILES: Readonly<Record<PeakResource, string>> = {
  memory: 'memory.peak',
  swap: 'memory.swap.peak',
};

/**
 * The most that a group has used: since it was made, or since the last {@link reset} of this object.
 * Other objects, and readers of the file, have their own. Close it with {@link close} or `using`.
 *
 * @see the kernel's documentation of cgroup v2, `memory.peak`
 */
export class Peak {
  readonly #fd: number;
  readonly #path: string;
  #closed = false;

  /** @internal */
  constructor(fd: number, path: string) {
    this.#fd = fd;
    this.#path = path;
  }

  get #open(): number {
    if (this.#closed) throw new Error(`the peak ${this.#path} is closed`);
    return this.#fd;
  }

  /** The peak in bytes. */
  get value(): number {
    const bytes = new Uint8Array(ENOUGH);
    trySyscall('lseek', this.#open, 0, 0);
    const length = trySyscall('read', this.#open, bytes, bytes.length);
    if (length < 0) throw fileError(-length, 'read', this.#path);
    return parseCount(decoder.decode(bytes.subarray(0, length)));
  }

  /**
   * Starts a new measurement from the present usage. Linux 6.12.
   *
   * @throws {SystemError} EINVAL, EBADF or EACCES on a kernel before that
   */
  reset(): void {
    const text = new TextEncoder().encode('reset');
    const result = trySyscall('write', this.#open, text, text.length);
    if (result < 0) throw fileError(-result, 'write', this.#path, 'reset');
  }

  /** Closes the descriptor. A second call does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeFd(this.#fd);
  }

  /** Closes the descriptor, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Closes the descriptor, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

/** Opens the peak of a resource; read-only where it cannot be reset. */
export function openPeak(files: ControlFiles, resource: PeakResource): Peak {
  if (!Object.hasOwn(FILES, resource)) {
    parse.refuse('resource', 'memory or swap', resource);
  }
  const path = `${files.path}/${FILES[resource]}`;
  const fd = files.tryOpenFile(FILES[resource], constants.O_RDWR);
  if (fd >= 0) return new Peak(fd, path);
  if (![-EACCES, -EPERM, -EINVAL].includes(fd)) throw fileError(-fd, 'openat', path);
  return new Peak(files.openFile(FILES[resource], constants.O_RDONLY), path);
}
