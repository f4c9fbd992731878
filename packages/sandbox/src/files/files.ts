// Files of a sandbox, read and written from outside without ever being led out of it.
import { constants, type Dirent, fchmodSync, fstatSync, writeFile as writeFd } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { posix } from 'node:path';
import { promisify } from 'node:util';
import { assertKeys } from '@ns/core';
import { closeFd, O_CLOEXEC, syscall, trySyscall } from '@ns/core/sys';
import { assertPath, openBelow, pathOfFd } from './resolve.js';

const writeFile = promisify(writeFd);
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;

/** What a directory has. */
export interface FileEntry {
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'other';
}

/** Options of {@link SandboxFiles.read}. */
export interface ReadOptions {
  /** How the content is decoded. Default: none, bytes. */
  encoding?: BufferEncoding;
  /** Most bytes; a larger file is an error. Default: 64 MiB. */
  maxBytes?: number;
}

/** Options of {@link SandboxFiles.write}. */
export interface WriteOptions {
  /** Permissions. Default: 0o644. */
  mode?: number;
}

/** Ids outside. */
interface Owner {
  readonly uid: number;
  readonly gid: number;
}

async function readAtMost(file: FileHandle, path: string, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for (;;) {
    // It may grow while it is being read.
    const { bytesRead, buffer } = await file.read(Buffer.alloc(64 * 1024));
    if (bytesRead === 0) return Buffer.concat(chunks);
    length += bytesRead;
    if (length > most) throw new RangeError(`${path} has more than ${most} bytes`);
    chunks.push(buffer.subarray(0, bytesRead));
  }
}

function typeOf(entry: Dirent): FileEntry['type'] {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'symlink' : 'other';
}

/**
 * The files of a sandbox, as its commands see them. Every path is resolved by the kernel with the
 * sandbox's root as the end of all ways (openat2(2), RESOLVE_IN_ROOT): links and `..` lead nowhere
 * else. Only regular files are read; a FIFO or a device is an error and not a wait.
 *
 * Read with the rights of the calling process.
 */
export class SandboxFiles {
  readonly #root: () => number;
  readonly #owner: Owner | undefined;

  /** @internal */
  constructor(root: () => number, owner?: Owner) {
    this.#root = root;
    this.#owner = owner;
  }

  /**
   * The content of a file.
   *
   * @throws {SystemError} ENOENT, EACCES, ELOOP
   * @throws {TypeError} if it is no regular file
   * @throws {RangeError} if it has more than `maxBytes`
   */
  read(path: string, options: ReadOptions & { encoding: BufferEncoding }): Promise<string>;
  read(path: string, options?: ReadOptions): Promise<Buffer>;
  async read(path: string, options: ReadOptions = {}): Promise<Buffer | string> {
    assertKeys(options, ['encoding', 'maxBytes'], 'options');
    const { encoding, maxBytes = DEFAULT_MAX_BYTES } = options;
    if (encoding !== undefined && !Buffer.isEncoding(encoding)) {
      throw new TypeError(`encoding must be one that Node.js has: ${encoding}`);
    }
    if (typeof maxBytes !== 'number' || !(maxBytes >= 0)) {
      throw new RangeError(`maxBytes must be a number from 0 on: ${maxBytes}`);
    }
    const file = await this.open(path);
    try {
      const content = await readAtMost(file, path, maxBytes);
      return encoding === undefined ? content : content.toString(encoding);
    } finally {
      await file.close();
    }
  }

  /**
   * Opens a file for reading.
   *
   * @internal
   */
  async open(path: string): Promise<FileHandle> {
    assertPath(path);
    const found = openBelow(this.#root(), path);
    try {
      if (!fstatSync(found).isFile()) throw new TypeError(`${path} is no regular file`);
      return await open(pathOfFd(found), 'r');
    } finally {
      closeFd(found);
    }
  }

  /**
   * Writes a file: a new one that takes the place of whatever has that name, at once and as a whole.
   * Links in the directory part are followed inside; one of that very name is replaced. For root it is
   * written with the rights of the commands' user, to whom it belongs.
   *
   * @throws {SystemError} ENOENT without the directory, EACCES, EROFS, EISDIR
   */
  async write(
    path: string,
    content: string | Uint8Array,
    options: WriteOptions = {},
  ): Promise<void> {
    assertPath(path);
    if (typeof content !== 'string' && !(content instanceof Uint8Array)) {
      throw new TypeError(`content must be a text or bytes: ${String(content)}`);
    }
    assertKeys(options, ['mode'], 'options');
    const { mode = 0o644 } = options;
    if (!Number.isInteger(mode) || mode < 0 || mode > 0o777) {
      throw new RangeError(`mode must be from 0 to 0o777: ${mode}`);
    }
    const name = posix.basename(path);
    if (name === '' || name === '.' || name === '..' || path.endsWith('/')) {
      throw new TypeError(`path must be that of a file: ${path}`);
    }
    const directory = this.#asOwner(() => openBelow(this.#root(), posix.dirname(path), true));
    try {
      await this.#replace(directory, name, content, mode);
    } finally {
      closeFd(directory);
    }
  }

  /**
   * With the file system ids of the commands' user: root itself may have no id in there to make a file
   * with, and should not write where that user could not.
   */
  #asOwner<Result>(act: () => Result): Result {
    if (!this.#owner || process.geteuid?.() !== 0) return act();
    const { uid, gid } = this.#owner;
    // They concern the calling thread alone, and each call gives the id that there was before.
    const before = { gid: syscall('setfsgid', gid), uid: syscall('setfsuid', uid) };
    try {
      return act();
    } finally {
      syscall('setfsuid', before.uid);
      syscall('setfsgid', before.gid);
    }
  }

  async #replace(
    directory: number,
    name: string,
    content: string | Uint8Array,
    mode: number,
  ): Promise<void> {
    const { randomUUID } = process.getBuiltinModule('node:crypto'); // takes a while to load
    const temporary = `.ns-${randomUUID()}`;
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    // Everything by this descriptor: whoever is inside may put something else at the name.
    const fd = this.#asOwner(() =>
      syscall('openat', directory, temporary, flags | O_CLOEXEC, 0o600),
    );
    try {
      await writeFile(fd, content);
      fchmodSync(fd, mode);
      this.#asOwner(() => syscall('renameat2', directory, temporary, directory, name, 0));
    } catch (error) {
      trySyscall('unlinkat', directory, temporary, 0);
      throw error;
    } finally {
      closeFd(fd);
    }
  }

  /**
   * What a directory has.
   *
   * @throws {SystemError} ENOENT, ENOTDIR, EACCES
   */
  async list(path = '/'): Promise<FileEntry[]> {
    assertPath(path);
    const found = openBelow(this.#root(), path, true);
    try {
      const entries = await readdir(pathOfFd(found), { withFileTypes: true });
      return entries.map((entry) => ({
        name: entry.name,
        type: typeOf(entry),
      }));
    } finally {
      closeFd(found);
    }
  }
}
