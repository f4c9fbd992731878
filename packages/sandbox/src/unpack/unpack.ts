// unpack(): unpacks the root file system of an archive or image into a directory.
import { closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Size } from '@ns/core';
import { abortError, type Members, parse, throwIfAborted } from '@ns/core/authors';
import { removeTree } from '../cleanup/temporary-directory.js';
import { SandboxFiles } from '../files/files.js';
import { object, required, variant } from '../options/field.js';
import { idPair, path, word } from '../options/values.js';
import { TimeSlices } from '../time-slices.js';
import { type Compression, compressionOf, decompressor, Unpacker } from './archive.js';
import { ArchiveError } from './archive-error.js';
import { Budget } from './budget.js';
import { layersOf, pathOf, verify } from './oci.js';
import { type Owner, Tree } from './tree.js';

/** The source of a root: an archive or an image. */
export type ArchiveSource =
  | {
      /** A tar archive, plain or compressed by gzip, or by zstd where Node.js has that. */
      readonly tar: string;
    }
  | {
      /** The directory of an OCI image layout. */
      readonly oci: string;
      /** The image's `org.opencontainers.image.ref.name`. Default: the only one. */
      readonly reference?: string | undefined;
    };

/** The progress of unpacking. */
export interface UnpackProgress {
  /** Bytes that have been read. */
  readonly bytes: number;
  /** Bytes that there are to be read. */
  readonly total: number;
  /** Files, directories and links so far. */
  readonly entries: number;
}

/** Options of {@link unpack}. */
export interface UnpackOptions {
  /**
   * Upper limit of the bytes of all archives, before and after decompression, and of the space that
   * is taken on the disk: each file, directory and link counts 4 KiB at least. Default: `'4G'`.
   */
  readonly maxSize?: Size | undefined;
  /** Ids outside of the owner of all files. Needs root. Default: the caller's. */
  readonly owner?: Owner | undefined;
  /** Called from time to time. */
  readonly onProgress?: ((progress: UnpackProgress) => void) | undefined;
  /** Aborts the unpacking. */
  readonly signal?: AbortSignal | undefined;
}

/** The result of unpacking. */
export interface Unpacked {
  readonly entries: number;
  /** Bytes of the archives, after decompression. */
  readonly bytes: number;
  /** Devices and FIFOs, which are left out. */
  readonly skipped: number;
}

/** An archive that is being read. */
interface Input {
  readonly file: FileHandle;
  readonly compression: Compression;
  /** Its size; reading more of it is an error. */
  readonly size: number;
  /** Verifies the content that has been read. */
  readonly check?: (found: { digest: string; size: number }) => void;
}

class Progress {
  #bytes = 0;
  readonly #total: number;
  readonly #report: UnpackOptions['onProgress'];

  constructor(total: number, report: UnpackOptions['onProgress']) {
    this.#total = total;
    this.#report = report;
  }

  add(bytes: number, entries: number): void {
    this.#bytes += bytes;
    this.#report?.({ bytes: this.#bytes, total: this.#total, entries });
  }
}

async function readInput(
  { file, compression, size: expected, check }: Input,
  unpacker: Unpacker,
  budget: Budget,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { createHash } = process.getBuiltinModule('node:crypto'); // takes a while to load
  const hash = createHash('sha256');
  let size = 0;
  async function* counted(source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      if (check) hash.update(chunk);
      size += chunk.length;
      budget.input(chunk.length);
      if (size > expected)
        throw new ArchiveError(`it has more than the expected ${expected} bytes`);
      yield chunk;
      progress.add(chunk.length, budget.tally.entries);
    }
  }
  let running = Promise.resolve();
  const streams = [
    file.createReadStream({ autoClose: false, start: 0 }),
    counted,
    ...decompressor(compression),
    (source: AsyncIterable<Buffer>) => {
      running = unpacker.unpack(source);
      return running;
    },
  ] as const;
  try {
    await pipeline(streams as never, signal === undefined ? {} : { signal });
  } catch (error) {
    // The unpacker may still be at work, with descriptors that the caller closes.
    await Promise.allSettled([running]);
    const { code } = error as NodeJS.ErrnoException;
    if (!code?.startsWith('Z_') && !code?.startsWith('ZSTD_')) throw error;
    throw new ArchiveError(`it is not ${compression}, or damaged`, { cause: error });
  }
  check?.({ digest: hash.digest('hex'), size });
}

async function openTar(path: string): Promise<Input> {
  // A FIFO would block the open.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new ArchiveError('it is not a regular file');
    const head = Buffer.alloc(4);
    await file.read(head, 0, head.length, 0);
    return { file, size: stats.size, compression: compressionOf(head) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The state of one unpacking. */
interface Work {
  readonly tree: Tree;
  readonly budget: Budget;
  readonly slices: TimeSlices;
  readonly options: Unpacking;
}

async function unpackTar(path: string, { tree, budget, slices, options }: Work) {
  const input = await openTar(path);
  try {
    const unpacker = new Unpacker(tree, budget, slices, false);
    const progress = new Progress(input.size, options.onProgress);
    await readInput(input, unpacker, budget, progress, options.signal);
  } finally {
    await input.file.close();
  }
}

async function unpackLayers(
  layout: string,
  reference: string | undefined,
  { tree, budget, slices, options }: Work,
) {
  const root = openSync(layout, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const files = new SandboxFiles(() => root, { isLocal: true });
    const layers = await layersOf(files, reference);
    const total = layers.reduce((sum, { size }) => sum + size, 0);
    const progress = new Progress(total, options.onProgress);
    const unpacker = new Unpacker(tree, budget, slices, true);
    for (const layer of layers) {
      const file = await files.open(pathOf(layer));
      try {
        const { compression, size } = layer;
        const input = {
          file,
          compression,
          size,
          check: (found: { digest: string; size: number }) => verify(layer, found),
        };
        await readInput(input, unpacker, budget, progress, options.signal);
      } finally {
        await file.close();
      }
    }
  } finally {
    closeSync(root);
  }
}

const parseUnpack = parse.options({
  maxSize: parse.withDefault(parse.size, 4 * 1024 ** 3),
  owner: idPair,
  onProgress: parse.callback<(progress: UnpackProgress) => void>(),
  signal: parse.abortSignal,
} satisfies Members<UnpackOptions>);

/** Options of {@link unpack}, parsed. */
type Unpacking = ReturnType<typeof parseUnpack>;

const parseSource = variant({
  tar: object({ tar: required(path) }),
  oci: object({ oci: required(path), reference: word }),
});

/**
 * Unpacks a root file system into a new directory, without privileges and without trusting the
 * archive: names are resolved by the kernel with this directory as the end of all ways (openat2(2),
 * RESOLVE_IN_ROOT), and blobs of an image are verified by their hashes.
 *
 * Ids are squashed: all files belong to the caller, or to `owner`. Set-user-ID and set-group-ID bits
 * are dropped, and the owner may read and write everything. Devices and FIFOs are left out, and so are
 * extended attributes. The configuration of an image (command, variables, user) is ignored.
 *
 * @param directory the directory to create; it is removed if the unpacking fails
 * @throws {ArchiveError} for an archive that is damaged, hostile, too large or unknown
 * @throws an AbortError if `signal` fires, also before the call
 * @throws {TypeError | RangeError} for wrong arguments
 * @see tar(5)
 * @example await unpack({ tar: '/srv/alpine.tar.gz' }, '/srv/alpine');
 */
export async function unpack(
  source: ArchiveSource,
  directory: string,
  options: UnpackOptions = {},
): Promise<Unpacked> {
  const from = parseSource(source, 'source');
  const to = parse.path(directory, 'directory');
  const given = parseUnpack(options);
  const { maxSize, owner, signal } = given;
  throwIfAborted(signal);
  if (existsSync(to)) throw new TypeError(`directory must not exist yet, got ${to}`);
  mkdirSync(to, { mode: 0o700 });
  try {
    const budget = new Budget(maxSize);
    const slices = new TimeSlices(signal);
    const tree = new Tree(to, budget, slices, owner);
    const work = { tree, budget, slices, options: given };
    try {
      if ('tar' in from) await unpackTar(from.tar, work);
      else await unpackLayers(from.oci, from.reference, work);
      tree.handOver();
      return budget.tally;
    } finally {
      tree.close();
    }
  } catch (error) {
    await removeTree(to);
    if (signal?.aborted) throw abortError(signal);
    if (!(error instanceof ArchiveError)) throw error;
    const shown = 'tar' in from ? from.tar : from.oci;
    throw new ArchiveError(`cannot unpack ${shown}: ${error.message}`, { cause: error.cause });
  }
}
