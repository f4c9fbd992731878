// unpack(): the root file system of an archive or of an image, as a directory.
import { closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { assertKeys } from '@ns/core/authors';
import { Breaks } from '../time-slices.js';
import { type Bytes, bytesOf } from '../options/bytes.js';
import { SandboxFiles } from '../files/files.js';
import { idPair } from '../options/schema.js';
import { removeTree } from '../cleanup/temporary-directory.js';
import { validate } from '../options/validate.js';
import { type Compression, compressionOf, decompressor, Unpacker } from './archive.js';
import { Budget } from './budget.js';
import { ArchiveError } from './archive-error.js';
import { layersOf, pathOf, verify } from './oci.js';
import { type Owner, Tree } from './tree.js';

/** What a root is unpacked from. */
export type ArchiveSource =
  | {
      /** A tar archive, plain or compressed by gzip, or by zstd where Node.js has that. */
      readonly tar: string;
    }
  | {
      /** The directory of an OCI image layout. */
      readonly oci: string;
      /** Which image of it: the `org.opencontainers.image.ref.name`. Default: the only one. */
      readonly reference?: string;
    };

/** How far unpacking has come. */
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
  readonly maxSize?: Bytes;
  /** Ids outside to which all is to belong; takes root. Default: the caller's. */
  readonly owner?: Owner;
  /** Called from time to time. */
  readonly onProgress?: (progress: UnpackProgress) => void;
  /** Gives up when aborted. */
  readonly signal?: AbortSignal;
}

/** What has been unpacked. */
export interface Unpacked {
  readonly entries: number;
  /** Bytes of the archives, after decompression. */
  readonly bytes: number;
  /** Devices and FIFOs, which are left out. */
  readonly skipped: number;
}

const DEFAULT_MAX_SIZE = '4G';

/** An archive that is being read. */
interface Input {
  readonly file: FileHandle;
  readonly compression: Compression;
  /** Its size; reading more of it is an error. */
  readonly size: number;
  /** Verifies what has been read. */
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
        throw new ArchiveError(`it has more than the ${expected} bytes it should have`);
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
    // It may still be at work, with descriptors that the caller closes.
    await Promise.allSettled([running]);
    const { code } = error as NodeJS.ErrnoException;
    if (!code?.startsWith('Z_') && !code?.startsWith('ZSTD_')) throw error;
    throw new ArchiveError(`it is not ${compression}, or damaged`, { cause: error });
  }
  check?.({ digest: hash.digest('hex'), size });
}

async function openTar(path: string): Promise<Input> {
  // A FIFO would keep us waiting.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new ArchiveError('it is no regular file');
    const head = Buffer.alloc(4);
    await file.read(head, 0, head.length, 0);
    return { file, size: stats.size, compression: compressionOf(head) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** What an archive is unpacked with. */
interface Work {
  readonly tree: Tree;
  readonly budget: Budget;
  readonly breaks: Breaks;
  readonly options: UnpackOptions;
}

async function unpackTar(path: string, { tree, budget, breaks, options }: Work) {
  const input = await openTar(path);
  try {
    const unpacker = new Unpacker(tree, budget, breaks, false);
    const progress = new Progress(input.size, options.onProgress);
    await readInput(input, unpacker, budget, progress, options.signal);
  } finally {
    await input.file.close();
  }
}

async function unpackLayers(
  layout: string,
  reference: string | undefined,
  { tree, budget, breaks, options }: Work,
) {
  const root = openSync(layout, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const files = new SandboxFiles(() => root, { isLocal: true });
    const layers = await layersOf(files, reference);
    const total = layers.reduce((sum, { size }) => sum + size, 0);
    const progress = new Progress(total, options.onProgress);
    const unpacker = new Unpacker(tree, budget, breaks, true);
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

function assertPath(value: unknown, name: string): void {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) {
    throw new TypeError(`${name} must be a path: ${JSON.stringify(value)}`);
  }
}

function checkOptions(options: UnpackOptions): void {
  assertKeys(options, ['maxSize', 'owner', 'onProgress', 'signal'], 'options');
  const { owner, onProgress, signal } = options;
  if (owner !== undefined) validate(idPair, owner, 'owner');
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new TypeError(`onProgress must be a function: ${String(onProgress)}`);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`signal must be an AbortSignal: ${String(signal)}`);
  }
}

/** Where it comes from, for messages. */
function placeOf(source: ArchiveSource): string {
  if (typeof source !== 'object' || source === null || 'tar' in source === 'oci' in source) {
    throw new TypeError('source must be { tar } or { oci }');
  }
  assertKeys(source, 'tar' in source ? ['tar'] : ['oci', 'reference'], 'source');
  const [name, place] = 'tar' in source ? ['tar', source.tar] : ['oci', source.oci];
  assertPath(place, `source.${name}`);
  if ('oci' in source && source.reference !== undefined && typeof source.reference !== 'string') {
    throw new TypeError(`source.reference must be a text: ${String(source.reference)}`);
  }
  return place;
}

/**
 * Unpacks a root file system into a new directory, without privileges and without trusting what is
 * unpacked: names are resolved by the kernel with this directory as the end of all ways (openat2(2),
 * RESOLVE_IN_ROOT), and blobs of an image are verified by their hashes.
 *
 * Ids are squashed: all files belong to the caller, or to `owner`. Set-user-ID and set-group-ID bits
 * are dropped, and the owner may read and write everything. Devices and FIFOs are left out, and so are
 * extended attributes. Of an image's configuration (its command, variables, user) nothing is taken.
 *
 * @param directory is made; if anything fails, it is removed
 * @throws {ArchiveError} for what is damaged, hostile, too large or unknown
 * @throws {TypeError | RangeError} for wrong arguments
 * @see tar(5)
 * @example await unpack({ tar: '/srv/alpine.tar.gz' }, '/srv/alpine');
 */
export async function unpack(
  source: ArchiveSource,
  directory: string,
  options: UnpackOptions = {},
): Promise<Unpacked> {
  const place = placeOf(source);
  assertPath(directory, 'directory');
  checkOptions(options);
  const limit = bytesOf(options.maxSize ?? DEFAULT_MAX_SIZE);
  if (!Number.isSafeInteger(limit) || limit < 0) {
    throw new RangeError(`maxSize must be a size such as '64M': ${options.maxSize}`);
  }
  options.signal?.throwIfAborted();
  if (existsSync(directory)) throw new TypeError(`directory must not exist yet: ${directory}`);
  mkdirSync(directory, { mode: 0o700 });
  try {
    const budget = new Budget(limit);
    const breaks = new Breaks(options.signal);
    const tree = new Tree(directory, budget, breaks, options.owner);
    const work = { tree, budget, breaks, options };
    try {
      if ('tar' in source) await unpackTar(source.tar, work);
      else await unpackLayers(source.oci, source.reference, work);
      tree.handOver();
      return budget.tally;
    } finally {
      tree.close();
    }
  } catch (error) {
    await removeTree(directory);
    if (!(error instanceof ArchiveError)) throw error;
    throw new ArchiveError(`${place}: ${error.message}`, { cause: error.cause });
  }
}
