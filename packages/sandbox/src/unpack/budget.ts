// The budget of an archive (SECURITY.md S4). Everything is counted where it happens, regardless of sizes
// in headers: bytes when they are read, files when they are created.
import { ArchiveError } from './archive-error.js';

const MAX_ENTRIES = 1_000_000;
/** Bytes that each file, directory or link takes at least. */
const BLOCK = 4096;

/** Counts of an unpacking. */
export interface Tally {
  /** Entries of archives. */
  entries: number;
  /** Bytes of archives, after decompression. */
  bytes: number;
  /** Devices and FIFOs, which are left out. */
  skipped: number;
}

/** The limits of one unpacking, over all its archives. */
export class Budget {
  readonly tally: Tally = { entries: 0, bytes: 0, skipped: 0 };
  readonly #limit: number;
  #input = 0;
  #space = 0;
  #made = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts bytes of archives as they are on the disk. Compressing nothing can take any number of them. */
  input(bytes: number): void {
    this.#input += bytes;
    if (this.#input > this.#limit) this.#exceeded('it has more than');
  }

  /** Counts bytes after decompression. */
  read(bytes: number): void {
    this.tally.bytes += bytes;
    if (this.tally.bytes > this.#limit) this.#exceeded('it unpacks to more than');
  }

  /** Counts an entry, whatever it is. */
  entry(): void {
    if (++this.tally.entries > MAX_ENTRIES) {
      throw new ArchiveError(`it has more than ${MAX_ENTRIES} entries`);
    }
  }

  /** Refuses content that will not fit, before any of it is read. */
  fits(size: number, shown: string): void {
    if (size > this.#limit) this.#exceeded(`${shown} has more than`);
  }

  /** Counts a file, directory or link that is made, also one that no entry names. */
  make(size = 0): void {
    this.#space += BLOCK * Math.max(1, Math.ceil(size / BLOCK));
    if (this.#space > this.#limit) this.#exceeded('its files take more than');
    if (++this.#made > MAX_ENTRIES) {
      throw new ArchiveError(`it makes more than ${MAX_ENTRIES} files and directories`);
    }
  }

  #exceeded(what: string): never {
    throw new ArchiveError(`${what} ${this.#limit} bytes: see maxSize`);
  }
}
