// A tar archive, as a stream of blocks, unpacked into a tree. The parser is node-tar's, which is npm's
// own and knows the tricks by which archives mean one thing to one reader and another to the next.

import type { Transform } from 'node:stream';
import { closeFd } from '@ns/core/sys';
import type { ReadEntry } from 'tar/read-entry';
import { ArchiveError } from './error.js';
import { partsOf, type Tree, writeAll } from './tree.js';

/** How an archive is compressed. */
export type Compression = 'none' | 'gzip' | 'zstd';

const MAX_ENTRIES = 1_000_000;
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** What GNU tar calls the files of whose content it has left the holes out. */
const SPARSE = /(^|\/)GNUSparseFile\.\d+\//;

/** What has been unpacked. */
export interface Tally {
  entries: number;
  /** Bytes of archives, after decompression. */
  bytes: number;
  /** Devices and FIFOs, which are left out. */
  skipped: number;
}

/** How a file is compressed, by its first bytes. */
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
  readonly #limit: number;
  /** Whether names such as `.wh.x` say what is deleted of lower layers. */
  readonly #layered: boolean;
  readonly tally: Tally = { entries: 0, bytes: 0, skipped: 0 };

  constructor(tree: Tree, limit: number, layered: boolean) {
    this.#tree = tree;
    this.#limit = limit;
    this.#layered = layered;
  }

  /** Unpacks an archive that comes in pieces, decompressed. */
  async unpack(source: AsyncIterable<Buffer>): Promise<void> {
    const { Parser } = await import('tar/parse');
    let failure: unknown;
    let open: number | undefined;
    if (this.#layered) this.#tree.beginLayer();
    const fail = (error: unknown) => {
      failure ??= error;
    };
    const parser = new Parser({
      strict: true,
      zstd: false,
      brotli: false,
      onReadEntry: (entry) => {
        if (failure !== undefined) return;
        try {
          open = this.#enter(entry);
          if (open === undefined) {
            entry.resume();
            return;
          }
        } catch (error) {
          fail(error);
          return;
        }
        const fd = open;
        entry.on('data', (chunk: Buffer) => {
          try {
            if (failure === undefined) writeAll(fd, chunk);
          } catch (error) {
            fail(error);
          }
        });
        entry.on('end', () => {
          if (failure !== undefined) return;
          open = undefined;
          this.#tree.finish(fd, entry.mode ?? 0o644, entry.mtime);
        });
      },
    });
    parser.on('error', (error: Error) => {
      const message = error.message.replace(/^TAR_\w+: /, '');
      fail(new ArchiveError(message, { cause: error }));
    });
    parser.on('ignoredEntry', (entry: ReadEntry) => {
      fail(
        new ArchiveError(`an entry of type ${entry.type} and ${entry.size} bytes is not supported`),
      );
    });
    const stop = () => {
      if (failure !== undefined) throw failure;
    };
    try {
      let first = true;
      for await (const chunk of source) {
        // The parser would decompress it once more, past all limits.
        if (first && compressionOf(chunk) !== 'none') {
          throw new ArchiveError('it is compressed twice');
        }
        first = false;
        this.tally.bytes += chunk.length;
        if (this.tally.bytes > this.#limit) {
          throw new ArchiveError(`it unpacks to more than ${this.#limit} bytes: see maxSize`);
        }
        parser.write(chunk);
        stop();
      }
      parser.end();
      stop();
    } finally {
      if (open !== undefined) closeFd(open);
    }
  }

  /** Makes what an entry is; the descriptor of a file that wants its content. */
  #enter(entry: ReadEntry): number | undefined {
    const { tally } = this;
    if (++tally.entries > MAX_ENTRIES)
      throw new ArchiveError(`it has more than ${MAX_ENTRIES} entries`);
    const { path, type, mode = 0o755, linkpath = '', size } = entry;
    if (SPARSE.test(path)) throw new ArchiveError(`${JSON.stringify(path)} is sparse`);
    if (size > this.#limit) {
      throw new ArchiveError(
        `${JSON.stringify(path)} has more than ${this.#limit} bytes: see maxSize`,
      );
    }
    const parts = partsOf(path);
    if (this.#layered && this.#deletes(parts)) return undefined;
    switch (type) {
      case 'File':
      case 'OldFile':
      case 'ContiguousFile':
        return this.#tree.file(parts);
      case 'Directory':
        this.#tree.directory(parts, mode);
        break;
      case 'SymbolicLink':
        this.#tree.symlink(parts, linkpath);
        break;
      case 'Link':
        this.#tree.link(parts, partsOf(linkpath));
        break;
      case 'CharacterDevice':
      case 'BlockDevice':
      case 'FIFO':
        tally.skipped++;
        break;
      default:
        throw new ArchiveError(
          `${JSON.stringify(path)} is of type ${type}, which is not supported`,
        );
    }
    return undefined;
  }

  /** Deletes of lower layers what this name says is deleted, if it is such a name. */
  #deletes(parts: readonly string[]): boolean {
    const name = parts.at(-1) ?? '';
    if (!name.startsWith(WHITEOUT)) return false;
    const above = parts.slice(0, -1);
    if (name === OPAQUE) this.#tree.removeLower(above);
    else {
      const deleted = name.slice(WHITEOUT.length);
      if (['', '.', '..'].includes(deleted) || deleted.startsWith(WHITEOUT)) {
        throw new ArchiveError(`${JSON.stringify(name)} deletes nothing that has a name`);
      }
      this.#tree.remove([...above, deleted]);
    }
    return true;
  }
}
