// Files of a sandbox, read and written from outside by paths that never lead out of it.
import { constants, type Dirent, fchmodSync, fstatSync, writeFile as writeFd } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type Size, SystemError } from '@ns/core';
import { type Members, type Parser, parse } from '@ns/core/authors';
import { closeFd, duplicate, errnoNumber, O_CLOEXEC, syscall, trySyscall } from '@ns/core/sys';
import { listInChild, readInChild, writeInChild } from './in-child.js';
import { assertPath, cPath, type FilePath, pathOf, shownPath, splitPath } from './paths.js';
import { type OpenBelow, openBelow, pathOfFd } from './resolve.js';

const writeFile = promisify(writeFd);
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;

/** An entry of a directory. */
export interface FileEntry {
  /** Its name; a Buffer if it is not UTF-8. All functions of {@link SandboxFiles} take both. */
  readonly name: FilePath;
  readonly type: 'file' | 'directory' | 'symlink' | 'other';
}

/** Options of {@link SandboxFiles.read}. */
export interface ReadOptions {
  /** The encoding of the result. Default: bytes. */
  encoding?: BufferEncoding | undefined;
  /** Upper limit in bytes; a larger file is an error. Default: 64 MiB. */
  maxBytes?: Size | undefined;
}

/** Options of {@link SandboxFiles.write}. */
export interface WriteOptions {
  /** Permissions. Default: 0o644. */
  mode?: number | undefined;
}

const encoding: Parser<BufferEncoding> = (value, name) =>
  typeof value === 'string' && Buffer.isEncoding(value)
    ? value
    : parse.refuse(name, 'an encoding of Node.js', value);

const parseRead = parse.options({
  encoding,
  maxBytes: parse.withDefault(parse.size, DEFAULT_MAX_BYTES),
} satisfies Members<ReadOptions>);

const parseWrite = parse.options({
  mode: parse.withDefault(parse.integer(0, 0o777), 0o644),
} satisfies Members<WriteOptions>);

/** Ids outside. */
interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Opens a file for reading by what openBelow has found. */
async function reopen(found: number, path: FilePath): Promise<FileHandle> {
  const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = constants;
  try {
    // Without O_NONBLOCK, a lease would hold a thread of libuv's pool for 45 seconds (SECURITY.md S6).
    return await open(pathOfFd(found), O_RDONLY | O_NONBLOCK | O_NOCTTY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    const hint = 'a process of the sandbox has a lease on the file: see F_SETLEASE in fcntl(2)';
    throw new SystemError(errnoNumber('EAGAIN'), 'open', [path], { hint, cause: error });
  }
}

/** Options of {@link SandboxFiles}. */
export interface FilesOptions {
  /** Ids that files are written with by root. */
  readonly owner?: Owner | undefined;
  /** True if no file system inside can keep a call waiting. */
  readonly isLocal: boolean;
}

async function readAtMost(file: FileHandle, path: FilePath, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for (;;) {
    // It may grow while it is being read.
    const { bytesRead, buffer } = await file.read(Buffer.alloc(64 * 1024));
    if (bytesRead === 0) return Buffer.concat(chunks);
    length += bytesRead;
    if (length > most) throw new RangeError(`${shownPath(path)} has more than ${most} bytes`);
    chunks.push(buffer.subarray(0, bytesRead));
  }
}

/** Types of getdents64(2) that have a name of their own here. */
const TYPES: Readonly<Record<number, FileEntry['type']>> = {
  4: 'directory',
  8: 'file',
  10: 'symlink',
};

function typeOf(entry: Dirent<Buffer>): FileEntry['type'] {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'symlink' : 'other';
}

/**
 * The files of a sandbox, as its commands see them. Every path is resolved by the kernel with the
 * sandbox's root as the end of all ways (openat2(2), RESOLVE_IN_ROOT): links and `..` lead nowhere
 * else. Only regular files are read; a FIFO or a device is an error and not a wait.
 *
 * A path is a text, or a Buffer with its bytes if they are not UTF-8.
 *
 * Read with the rights of the calling process. Where a stranger may serve a file system, in a container
 * that is attached to, in a sandbox whose commands may mount, or with a network file system inside, a
 * child makes the calls, and fails with ETIMEDOUT after 5 seconds: nothing else of this process waits.
 */
export class SandboxFiles {
  readonly #root: () => number;
  readonly #owner: Owner | undefined;
  /** True if every file system inside answers by itself; see in-child.ts. */
  readonly #isLocal: boolean;

  /** @internal */
  constructor(root: () => number, { owner, isLocal }: FilesOptions) {
    this.#root = root;
    this.#owner = owner;
    this.#isLocal = isLocal;
  }

  /**
   * Reads the content of a file.
   *
   * @throws {SystemError} ENOENT, EACCES, ELOOP; EAGAIN if a process has a lease on it
   * @throws {TypeError} if it is not a regular file
   * @throws {RangeError} if it has more than `maxBytes`
   */
  read(path: FilePath, options: ReadOptions & { encoding: BufferEncoding }): Promise<string>;
  read(path: FilePath, options?: ReadOptions): Promise<Buffer>;
  async read(path: FilePath, options: ReadOptions = {}): Promise<Buffer | string> {
    const { encoding, maxBytes } = parseRead(options);
    assertPath(path);
    const content = this.#isLocal
      ? await this.#read(path, maxBytes)
      : await this.#withRoot((root) => readInChild(root, path, maxBytes));
    return encoding === undefined ? content : content.toString(encoding);
  }

  async #read(path: FilePath, most: number): Promise<Buffer> {
    const file = await this.open(path);
    try {
      return await readAtMost(file, path, most);
    } finally {
      await file.close();
    }
  }

  /**
   * Opens a file for reading, where all file systems are local.
   *
   * @internal
   */
  async open(path: FilePath): Promise<FileHandle> {
    assertPath(path);
    const found = await this.#find(path);
    try {
      if (!fstatSync(found).isFile()) {
        throw new TypeError(`${shownPath(path)} is not a regular file`);
      }
      return await reopen(found, path);
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
    path: FilePath,
    content: string | Uint8Array,
    options: WriteOptions = {},
  ): Promise<void> {
    assertPath(path);
    if (typeof content !== 'string' && !(content instanceof Uint8Array)) {
      parse.refuse('content', 'a text or bytes', content);
    }
    const { mode } = parseWrite(options);
    const { directory: above, name } = splitPath(path);
    if (['', '.', '..'].includes(shownPath(name)) || shownPath(path).endsWith('/')) {
      throw new TypeError(`path must be that of a file, got ${shownPath(path)}`);
    }
    const { randomUUID } = process.getBuiltinModule('node:crypto'); // takes a while to load
    const temporary = `.ns-${randomUUID()}`;
    if (!this.#isLocal) {
      const bytes = Buffer.from(content as Uint8Array);
      const writing = {
        directory: above,
        name,
        temporary,
        content: bytes,
        mode,
        owner: this.#owner,
      };
      return this.#withRoot((root) => writeInChild(root, writing));
    }
    const as = (call: () => number) => this.#asOwner(call);
    const directory = await this.#find(above, { directory: true, as });
    try {
      await this.#replace(directory, { name, temporary }, content, mode);
    } finally {
      closeFd(directory);
    }
  }

  /** Gives a step a root of its own: the sandbox may be stopped meanwhile (SECURITY.md S2). */
  async #withRoot<Result>(step: (root: number) => Promise<Result>): Promise<Result> {
    const root = duplicate(this.#root());
    try {
      return await step(root);
    } finally {
      closeFd(root);
    }
  }

  #find(path: FilePath, options?: OpenBelow): Promise<number> {
    return this.#withRoot((root) => openBelow(root, path, options));
  }

  /**
   * Runs a step with the file system ids of the commands' user: root itself may have no id inside to
   * create a file with, and should not write where that user could not.
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
    { name, temporary }: { readonly name: FilePath; readonly temporary: string },
    content: string | Uint8Array,
    mode: number,
  ): Promise<void> {
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    // Everything by this descriptor: a command may put something else at the name.
    const fd = this.#asOwner(() =>
      syscall('openat', directory, temporary, flags | O_CLOEXEC, 0o600),
    );
    try {
      await writeFile(fd, content);
      fchmodSync(fd, mode);
      this.#asOwner(() => syscall('renameat2', directory, temporary, directory, cPath(name), 0));
    } catch (error) {
      trySyscall('unlinkat', directory, temporary, 0);
      throw error;
    } finally {
      closeFd(fd);
    }
  }

  /**
   * Lists a directory. A name that is not UTF-8 is returned as its bytes.
   *
   * @throws {SystemError} ENOENT, ENOTDIR, EACCES
   */
  async list(path: FilePath = '/'): Promise<FileEntry[]> {
    assertPath(path);
    if (!this.#isLocal) {
      const names = await this.#withRoot((root) => listInChild(root, path));
      return names.map(({ name, type }) => ({ name, type: TYPES[type] ?? 'other' }));
    }
    const found = await this.#find(path, { directory: true });
    try {
      const entries = await readdir(pathOfFd(found), { withFileTypes: true, encoding: 'buffer' });
      return entries.map((entry) => ({ name: pathOf(entry.name), type: typeOf(entry) }));
    } finally {
      closeFd(found);
    }
  }
}
