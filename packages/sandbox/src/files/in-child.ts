// Files behind file systems that a stranger serves. Any call on such a path can hang for as long as the
// stranger likes: a FUSE daemon that does not answer holds lookup, stat, open and read. So no thread of
// this process makes one (SECURITY.md S6). A child outside of the container makes them, with a
// descriptor of its root. The child is killed at the deadline, and reaped when the kernel lets it go.
import { constants } from 'node:fs';
import { SystemError } from '@ns/core';
import { AT, Program, type ProgramResults, RESOLVE, runProgram } from '@ns/core/authors';
import { addressOf, closeFd, errnoNumber, O_CLOEXEC, O_PATH, syscall } from '@ns/core/sys';
import { cPath, type FilePath, pathOf, shownPath } from './paths.js';

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } =
  constants;
const { S_IFMT, S_IFREG } = constants;
const IN_ROOT = RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS;
const AT_EMPTY_PATH = 0x1000;
const STATX_TYPE = 1;
const STATX = { size: 256, mode: 28 };
const [AF_UNIX, SOCK_DGRAM, SOL_SOCKET, SCM_RIGHTS] = [1, 2, 1, 1];
const MSG_DONTWAIT = 0x40;
const MSG_CMSG_CLOEXEC = 0x4000_0000;
const SEEK_SET = 0;
const CHUNK = 1024 * 1024;
/** Most bytes of the names of a directory. */
const MAX_LISTING = 64 * 1024 * 1024;
/** Milliseconds that one operation may take. */
const DEADLINE = 5000;

/** Ids that a file is written with. */
interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** The target of a path. */
export interface Found {
  /** Its place alone. Closing it asks the file system for nothing. */
  readonly fd: number;
  readonly isFile: boolean;
}

/** An entry of a directory, with the type that getdents64(2) gives. */
export interface ListedName {
  readonly name: FilePath;
  readonly type: number;
}

/** The time limit of an operation, over all its children. */
class Deadline {
  readonly #end = performance.now() + DEADLINE;
  readonly #verb: string;
  readonly #path: FilePath;

  constructor(verb: string, path: FilePath) {
    this.#verb = verb;
    this.#path = path;
  }

  /** Runs calls in a child, which is killed when the time is over. */
  async run(program: Program): Promise<ProgramResults> {
    const left = Math.ceil(this.#end - performance.now());
    if (left <= 0) throw this.#over();
    try {
      return await runProgram(program, { timeout: left });
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'ETIMEDOUT' ? this.#over(error) : error;
    }
  }

  #over(cause?: unknown): SystemError {
    const hint = `the file system behind ${shownPath(this.#path)} has not answered for ${DEADLINE} ms`;
    return new SystemError(errnoNumber('ETIMEDOUT'), this.#verb, [this.#path], { hint, cause });
  }
}

/** Returns a program for a child with separate memory: a child that shares memory suspends its creator. */
function isolated(owner?: Owner): Program {
  const program = new Program();
  program.meet(() => {});
  if (owner && process.geteuid?.() === 0) {
    program.call('setfsgid', owner.gid);
    program.call('setfsuid', owner.uid);
  }
  return program;
}

/** struct msghdr with one byte of data and room for one descriptor. */
function message() {
  return {
    header: new Uint8Array(56),
    vector: new Uint8Array(16),
    data: new Uint8Array(1),
    control: new Uint8Array(24),
  };
}

/** Has the child send a descriptor that it has opened. */
function send(program: Program, fd: ReturnType<Program['call']>, socket: number): void {
  const { header, vector, data, control } = message();
  const view = (bytes: Uint8Array) => new DataView(bytes.buffer);
  view(vector).setBigUint64(8, 1n, true);
  view(header).setBigUint64(24, 1n, true);
  view(header).setBigUint64(40, BigInt(control.length), true);
  view(control).setBigUint64(0, 20n, true);
  view(control).setInt32(8, SOL_SOCKET, true);
  view(control).setInt32(12, SCM_RIGHTS, true);
  program.store(data, vector, 0, 8);
  program.store(vector, header, 16, 8);
  program.store(control, header, 32, 8);
  program.store(fd, control, 16, 4);
  // Named by a call, so that they are in the child's memory.
  program.call('sendmsg', program.descriptor(socket), header, 0);
}

/** Takes the descriptor that the child has sent. */
function receive(socket: number): number {
  const { header, vector, data, control } = message();
  const view = new DataView(header.buffer);
  new DataView(vector.buffer).setBigUint64(0, addressOf(data), true);
  new DataView(vector.buffer).setBigUint64(8, 1n, true);
  view.setBigUint64(16, addressOf(vector), true);
  view.setBigUint64(24, 1n, true);
  view.setBigUint64(32, addressOf(control), true);
  view.setBigUint64(40, BigInt(control.length), true);
  new DataView(control.buffer).setInt32(16, -1, true);
  syscall('recvmsg', socket, header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  const fd = new DataView(control.buffer).getInt32(16, true);
  if (fd < 0) throw new SystemError(errnoNumber('EMFILE'), 'recvmsg', [socket]);
  return fd;
}

/** Opens what a path leads to below a root. */
async function find(
  deadline: Deadline,
  root: number,
  path: FilePath,
  directory: boolean,
  owner?: Owner,
): Promise<Found> {
  const flags = O_PATH | O_CLOEXEC | (directory ? O_DIRECTORY : 0);
  const pair = new Int32Array(2);
  syscall('socketpair', AF_UNIX, SOCK_DGRAM | O_CLOEXEC, 0, pair);
  const [ours, theirs] = pair as unknown as [number, number];
  try {
    const how = new Uint8Array(BigUint64Array.of(BigInt(flags), 0n, BigInt(IN_ROOT)).buffer);
    const stat = new Uint8Array(STATX.size);
    const program = isolated(owner);
    const found = program.call('openat2', program.descriptor(root), cPath(path), how, how.length);
    const asked = program.call('statx', found, '', AT_EMPTY_PATH, STATX_TYPE, stat);
    send(program, found, theirs);
    const results = await deadline.run(program);
    const mode = Buffer.from(results.bytesOf(asked, 4)).readUInt16LE(STATX.mode);
    return { fd: receive(ours), isFile: (mode & S_IFMT) === S_IFREG };
  } finally {
    closeFd(ours);
    closeFd(theirs);
  }
}

/** Returns the content of a regular file, at most so many bytes. */
export async function readInChild(root: number, path: FilePath, most: number): Promise<Buffer> {
  const deadline = new Deadline('read', path);
  const found = await find(deadline, root, path, false);
  try {
    if (!found.isFile) throw new TypeError(`${shownPath(path)} is not a regular file`);
    const chunks: Buffer[] = [];
    for (let length = 0; ; ) {
      const program = isolated();
      program.call('dup3', program.descriptor(found.fd), 0, O_CLOEXEC);
      // Once more, by descriptor: the file cannot be replaced meanwhile.
      const flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
      const file = program.call('openat', AT.FDCWD, '/proc/self/fd/0', flags, 0);
      program.call('lseek', file, length, SEEK_SET);
      const read = program.call('read', file, new Uint8Array(CHUNK), CHUNK);
      const results = await deadline.run(program);
      const size = results.resultOf(read);
      if (size === 0) return Buffer.concat(chunks);
      length += size;
      if (length > most) throw new RangeError(`${shownPath(path)} has more than ${most} bytes`);
      chunks.push(Buffer.from(results.bytesOf(read, 1).subarray(0, size)));
    }
  } finally {
    closeFd(found.fd);
  }
}

const DIRENT = { next: 8, length: 16, type: 18, name: 19 };

/** Parses the entries that getdents64(2) has written. Returns them with the position behind them. */
function parse(bytes: Buffer, into: ListedName[]): bigint {
  let next = 0n;
  for (let at = 0; at < bytes.length; at += bytes.readUInt16LE(at + DIRENT.length)) {
    const name = bytes.subarray(at + DIRENT.name, bytes.indexOf(0, at + DIRENT.name));
    next = bytes.readBigInt64LE(at + DIRENT.next);
    if (name.equals(Buffer.from('.')) || name.equals(Buffer.from('..'))) continue;
    into.push({ name: pathOf(Buffer.from(name)), type: bytes.readUInt8(at + DIRENT.type) });
  }
  return next;
}

/** Returns the entries of a directory. */
export async function listInChild(root: number, path: FilePath): Promise<ListedName[]> {
  const deadline = new Deadline('getdents64', path);
  const found = await find(deadline, root, path, true);
  try {
    const names: ListedName[] = [];
    let position = 0n;
    for (let total = 0; ; ) {
      const program = isolated();
      const flags = O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC;
      const directory = program.call('openat', program.descriptor(found.fd), '.', flags, 0);
      program.call('lseek', directory, position, SEEK_SET);
      const read = program.call('getdents64', directory, new Uint8Array(CHUNK), CHUNK);
      const results = await deadline.run(program);
      const size = results.resultOf(read);
      if (size === 0) return names;
      total += size;
      if (total > MAX_LISTING) {
        throw new RangeError(`${shownPath(path)} has more than ${MAX_LISTING} bytes of names`);
      }
      position = parse(Buffer.from(results.bytesOf(read, 1).subarray(0, size)), names);
    }
  } finally {
    closeFd(found.fd);
  }
}

/** A file to be written: what is to be made in which directory. */
export interface Writing {
  readonly directory: FilePath;
  readonly name: FilePath;
  readonly temporary: string;
  readonly content: Uint8Array;
  readonly mode: number;
  readonly owner: Owner | undefined;
}

/** Writes a file, and replaces an existing one of that name. */
export async function writeInChild(root: number, writing: Writing): Promise<void> {
  const { directory, name, temporary, content, mode, owner } = writing;
  const deadline = new Deadline('write', directory);
  const found = await find(deadline, root, directory, true, owner);
  try {
    const program = isolated(owner);
    const place = program.descriptor(found.fd);
    program.call('umask', 0);
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    const file = program.call('openat', place, temporary, flags, mode);
    const { length } = content;
    const steps =
      length === 0 ? [] : [program.call('write', file, content, length, { expect: length })];
    steps.push(program.call('renameat2', place, temporary, place, cPath(name), 0));
    for (const step of steps) program.call('unlinkat', place, temporary, 0, { ifFailed: step });
    await deadline.run(program);
  } finally {
    closeFd(found.fd);
  }
}
