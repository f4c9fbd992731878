// unpack(): the root file system of an archive or of an image, as a directory.
import { closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { assertKeys } from '@ns/core';
import { SandboxFiles } from '../files/files.js';
import { bytesOf } from '../limits.js';
import type { Bytes } from '../options.js';
import { idPair } from '../schema.js';
import { removeTree } from '../temporary.js';
import { validate } from '../validate.js';
import { type Compression, compressionOf, decompressor, Unpacker } from './archive.js';
import { ArchiveError } from './error.js';
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
  /** Most bytes after decompression. Default: `'4G'`. */
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
  /** What is said of it, and is to be verified. */
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
  { file, compression, check }: Input,
  unpacker: Unpacker,
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
      yield chunk;
      progress.add(chunk.length, unpacker.tally.entries);
    }
  }
  const streams = [
    file.createReadStream({ autoClose: false, start: 0 }),
    counted,
    ...decompressor(compression),
    (source: AsyncIterable<Buffer>) => unpacker.unpack(source),
  ] as const;
  try {
    await pipeline(streams as never, signal === undefined ? {} : { signal });
  } catch (error) {
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
    if (!(await file.stat()).isFile()) throw new ArchiveError('it is no regular file');
    const head = Buffer.alloc(4);
    await file.read(head, 0, head.length, 0);
    return { file, compression: compressionOf(head) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function unpackTar(path: string, tree: Tree, limit: number, options: UnpackOptions) {
  const input = await openTar(path);
  try {
    const { size } = await input.file.stat();
    const unpacker = new Unpacker(tree, limit, false);
    await readInput(input, unpacker, new Progress(size, options.onProgress), options.signal);
    return unpacker.tally;
  } finally {
    await input.file.close();
  }
}

async function unpackLayers(
  layout: string,
  reference: string | undefined,
  tree: Tree,
  limit: number,
  options: UnpackOptions,
) {
  const root = openSync(layout, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const files = new SandboxFiles(() => root);
    const layers = await layersOf(files, reference);
    const total = layers.reduce((sum, { size }) => sum + size, 0);
    const progress = new Progress(total, options.onProgress);
    const unpacker = new Unpacker(tree, limit, true);
    for (const layer of layers) {
      const file = await files.open(pathOf(layer));
      try {
        const { compression } = layer;
        const input = {
          file,
          compression,
          check: (found: { digest: string; size: number }) => verify(layer, found),
        };
        await readInput(input, unpacker, progress, options.signal);
      } finally {
        await file.close();
      }
    }
    return unpacker.tally;
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
    const tree = new Tree(directory, options.owner);
    try {
      return 'tar' in source
        ? await unpackTar(source.tar, tree, limit, options)
        : await unpackLayers(source.oci, source.reference, tree, limit, options);
    } finally {
      tree.close();
    }
  } catch (error) {
    await removeTree(directory);
    if (!(error instanceof ArchiveError)) throw error;
    throw new ArchiveError(`${place}: ${error.message}`, { cause: error.cause });
  }
}
