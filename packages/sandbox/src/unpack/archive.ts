// A tar archive, as a stream of bytes, unpacked into a tree.
import type { Transform } from 'node:stream';
import { closeFd } from '@ns/core/sys';
import type { TimeSlices } from '../time-slices.js';
import { ArchiveError } from './archive-error.js';
import type { Budget } from './budget.js';
import { checkPath, partsOf, shownName } from './names.js';
import { readTar, type TarEntry } from './tar.js';
import { type Tree, writeAll } from './tree.js';

/** The compression of an archive. */
export type Compression = 'none' | 'gzip' | 'zstd';

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** Bytes by which a compression is known. */
const MAGIC_LENGTH = 4;

/** Returns the compression of a file, by its first bytes. */
export function compressionOf(head: Uint8Array): Compression {
  const starts = (...bytes: number[]) => bytes.every((byte, i) => head[i] === byte);
  if (starts(0x1f, 0x8b)) return 'gzip';
  return starts(0x28, 0xb5, 0x2f, 0xfd) ? 'zstd' : 'none';
}

/** The stream that undoes a compression; none if there is nothing to be undone. */
export function decompressor(compression: Compression): Transform[] {
  if (compression === 'none') return [];
  const zlib = process.getBuiltinModule('node:zlib'); // takes a while to load
  if (compression === 'gzip') return [zlib.createGunzip()];
  const { createZstdDecompress } = zlib as { createZstdDecompress?: () => Transform };
  if (createZstdDecompress) return [createZstdDecompress()];
  throw new ArchiveError(
    'zstd needs Node.js 22.15 or later; with this one, decompress it first, by zstd -d',
  );
}

/** Writes the entries of archives into a tree. */
export class Unpacker {
  readonly #tree: Tree;
  readonly #budget: Budget;
  /** True if names such as `.wh.x` delete files of lower layers. */
  readonly #layered: boolean;
  readonly #slices: TimeSlices;

  constructor(tree: Tree, budget: Budget, slices: TimeSlices, layered: boolean) {
    this.#tree = tree;
    this.#budget = budget;
    this.#slices = slices;
    this.#layered = layered;
  }

  /** Unpacks an archive that comes in pieces, decompressed. */
  async unpack(source: AsyncIterable<Buffer>): Promise<void> {
    if (this.#layered) this.#tree.beginLayer();
    for await (const entry of readTar(this.#counted(source), () => this.#budget.entry())) {
      await this.#slices.take();
      await this.#enter(entry);
    }
  }

  async *#counted(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let head = Buffer.alloc(0);
    for await (const chunk of source) {
      this.#budget.read(chunk.length);
      if (head.length < MAGIC_LENGTH) {
        // Only for the message: whatever this is, nothing decompresses it again.
        head = Buffer.concat([head, chunk.subarray(0, MAGIC_LENGTH)]);
        if (compressionOf(head) !== 'none') throw new ArchiveError('it is compressed twice');
      }
      yield chunk;
    }
  }

  /** Makes what an entry is. */
  async #enter(entry: TarEntry): Promise<void> {
    const { name, type, mode, target } = entry;
    const parts = partsOf(name);
    if (this.#layered && (await this.#deletes(parts))) return;
    switch (type) {
      case 'file':
        return this.#file(parts, entry);
      case 'directory':
        return this.#tree.directory(parts, mode);
      case 'symlink':
        checkPath(target);
        return this.#tree.symlink(parts, target);
      case 'link':
        return this.#tree.link(parts, partsOf(target));
      case 'special':
        this.#budget.tally.skipped++;
    }
  }

  async #file(parts: readonly string[], entry: TarEntry): Promise<void> {
    this.#budget.fits(entry.size, shownName(entry.name));
    const fd = await this.#tree.file(parts, entry.size);
    try {
      for await (const chunk of entry.content()) {
        writeAll(fd, chunk);
        await this.#slices.take();
      }
      this.#tree.finish(fd, entry.mode, entry.modified);
    } finally {
      closeFd(fd);
    }
  }

  /** Deletes of lower layers what this name says is deleted, if it is such a name. */
  async #deletes(parts: readonly string[]): Promise<boolean> {
    const name = parts.at(-1) ?? '';
    if (!name.startsWith(WHITEOUT)) return false;
    const above = parts.slice(0, -1);
    if (name === OPAQUE) await this.#tree.removeLower(above);
    else {
      const deleted = name.slice(WHITEOUT.length);
      if (['', '.', '..'].includes(deleted) || deleted.startsWith(WHITEOUT)) {
        throw new ArchiveError(`${shownName(name)} deletes nothing that has a name`);
      }
      await this.#tree.remove([...above, deleted]);
    }
    return true;
  }
}
