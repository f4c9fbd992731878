// Memory that the kernel has mapped (mmap, shmat), as a Buffer that can never be a wild pointer.
import { viewOf } from './native.js';
import { syscall } from './syscall.js';

const PROT_READ_WRITE = 3;
const MAP_PRIVATE_FIXED_ANONYMOUS = 0x32;

// A view cannot be taken back from those who hold it, so the pages stay mapped until the last is gone.
const unreachable = new FinalizationRegistry<readonly [address: number, size: number]>(
  ([address, size]) => {
    syscall('munmap', address, size);
  },
);

/**
 * Owner of a readable and writable mapping of whole pages. Garbage collection of the buffer, and of all
 * views of it, unmaps the pages.
 */
export class MappedMemory {
  /** Its content. */
  readonly buffer: Buffer;
  readonly #address: number;
  readonly #size: number;

  constructor(address: number, size: number) {
    const memory = viewOf(BigInt(address), size);
    unreachable.register(memory, [address, size]);
    this.buffer = Buffer.from(memory);
    this.#address = address;
    this.#size = size;
  }

  /** Gives the pages up now. A buffer that is still held reads as private zeros. */
  release(): void {
    const flags = MAP_PRIVATE_FIXED_ANONYMOUS;
    syscall('mmap', this.#address, this.#size, PROT_READ_WRITE, flags, -1, 0);
  }
}
