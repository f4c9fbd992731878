// System calls that are made in a sandbox to see how they go: a program in which no error ends it.
// It needs no file in the root, and is a command as every other one: filter, limits, ids and exec.
import { constants } from 'node:fs';
import { AT, type Call, Program, type ProgramArgument, ProgramCommand } from '@ns/core/authors';
import { errnoName, O_CLOEXEC, type SyscallName } from '@ns/core/sys';
import type { Sandbox } from '../sandbox.js';

type Results = ReturnType<ProgramCommand['results']>;

const ERRORS = 133;
const EVERY_ERROR = Array.from({ length: ERRORS }, (_, i) => errnoName(i + 1)).filter((name) =>
  /^E[A-Z]/.test(name),
);
/** Flags of open(2) by which it neither waits for a peer nor takes a terminal. */
const HARMLESS = constants.O_NONBLOCK | constants.O_NOCTTY | O_CLOEXEC;
const STATX_BASIC = 0x7ff;
const STATX = {
  size: 256,
  uid: 20,
  mode: 28,
  ino: 32,
  length: 40,
  mtime: 112,
  device: 136,
} as const;
const STATFS = { size: 120, flags: 80 } as const;
/** Most that a file of /proc gives in one read. */
const PAGE = 4096;
/** Milliseconds that the calls have: a file system that a stranger serves can stop them. */
const PATIENCE = 30_000;

/** The end of a call. */
export interface Outcome {
  /** Returns its result; negative error numbers included. */
  result(): number;
  /** Returns the name of its error; undefined if it succeeded. */
  error(): string | undefined;
}

/** A file as statx(2) has it. */
export interface FileFacts {
  readonly kind: 'file' | 'directory' | 'socket' | 'character' | 'block' | 'other';
  readonly mode: number;
  readonly uid: number;
  readonly size: bigint;
  readonly inode: bigint;
  readonly device: string;
  readonly mtime: string;
}

/** Flags of the mount that a path is on; see statfs(2). */
export interface MountFacts {
  readonly readonly: boolean;
  readonly nosuid: boolean;
  readonly nodev: boolean;
}

const KINDS: Readonly<Record<number, FileFacts['kind']>> = {
  [constants.S_IFREG]: 'file',
  [constants.S_IFDIR]: 'directory',
  [constants.S_IFSOCK]: 'socket',
  [constants.S_IFCHR]: 'character',
  [constants.S_IFBLK]: 'block',
};

/** Returns the kind of a file by its mode. */
export const kindOf = (mode: number): FileFacts['kind'] =>
  KINDS[mode & constants.S_IFMT] ?? 'other';

function factsOf(bytes: Uint8Array): FileFacts {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const mode = view.getUint16(STATX.mode, true);
  const word = (at: number) => view.getUint32(at, true);
  return {
    kind: kindOf(mode),
    mode,
    uid: word(STATX.uid),
    size: view.getBigUint64(STATX.length, true),
    inode: view.getBigUint64(STATX.ino, true),
    device: `${word(STATX.device)}:${word(STATX.device + 4)}`,
    mtime: String(
      view.getBigInt64(STATX.mtime, true) * 1_000_000_000n + BigInt(word(STATX.mtime + 8)),
    ),
  };
}

/** Returns the names in what getdents64(2) has written. */
function namesOf(bytes: Uint8Array): string[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const names: string[] = [];
  for (let at = 0; at + 19 < buffer.length; ) {
    const length = buffer.readUInt16LE(at + 16);
    if (length < 20 || at + length > buffer.length) break;
    const end = buffer.indexOf(0, at + 19);
    names.push(buffer.toString('utf8', at + 19, end));
    at += length;
  }
  return names.filter((name) => name !== '.' && name !== '..');
}

/** Calls to be made in a sandbox. Their answers can be read when {@link Calls.run} has returned. */
export class Calls {
  readonly #program = new Program();
  #results: Results | undefined;

  #made(): Results {
    if (this.#results === undefined) throw new Error('the calls have not been made');
    return this.#results;
  }

  #add(name: SyscallName, args: readonly ProgramArgument[]): Call {
    return this.#program.call(name, ...args, { tolerate: EVERY_ERROR });
  }

  #outcome(call: Call): Outcome {
    const result = () => this.#made().resultOf(call);
    return {
      result,
      error: () => (result() < 0 ? errnoName(-result()) : undefined),
    };
  }

  #bytes(call: Call, argument: number, length: number): Uint8Array | undefined {
    const results = this.#made();
    if (results.resultOf(call) < 0) return undefined;
    return results.bytesOf(call, argument).subarray(0, length);
  }

  /** Adds a call. */
  call(name: SyscallName, ...args: ProgramArgument[]): Outcome {
    return this.#outcome(this.#add(name, args));
  }

  /** Adds a call whose result is a descriptor, and calls that use it. */
  withDescriptor(
    name: SyscallName,
    args: readonly ProgramArgument[],
    use: (
      fd: Call,
      add: (name: SyscallName, ...args: ProgramArgument[]) => Outcome,
    ) => void = () => {},
  ): Outcome {
    const fd = this.#add(name, args);
    use(fd, (other, ...rest) => this.call(other, ...rest));
    this.#add('close', [fd]);
    return this.#outcome(fd);
  }

  /** Adds a call that fills memory; undefined if it fails. */
  filled(
    name: SyscallName,
    args: readonly ProgramArgument[],
    argument: number,
  ): () => Uint8Array | undefined {
    const call = this.#add(name, args);
    return () => this.#bytes(call, argument, (args[argument] as Uint8Array).length);
  }

  /** Opens a file and closes it. */
  open(path: string, flags: number): Outcome {
    return this.withDescriptor('openat', [AT.FDCWD, path, flags | HARMLESS, 0]);
  }

  /** Asks for the right to do this with a file, by the effective ids and as the mount has it. */
  mayAccess(path: string, mode: number): () => boolean {
    const AT_EACCESS = 0x200;
    const { result } = this.call('faccessat2', AT.FDCWD, path, mode, AT_EACCESS);
    return () => result() === 0;
  }

  /** Looks at the file that a path leads to; undefined if this process finds none. */
  stat(path: string): () => FileFacts | undefined {
    const buffer = new Uint8Array(STATX.size);
    const args = [AT.FDCWD, path, AT.NO_AUTOMOUNT, STATX_BASIC, buffer];
    const filled = this.filled('statx', args, 4);
    return () => {
      const bytes = filled();
      return bytes && factsOf(bytes);
    };
  }

  /** Looks at the mount that a path is on. */
  mountOf(path: string): () => MountFacts | undefined {
    const [RDONLY, NOSUID, NODEV] = [1, 2, 4];
    const filled = this.filled('statfs', [path, new Uint8Array(STATFS.size)], 1);
    return () => {
      const flags = filled()?.[STATFS.flags];
      if (flags === undefined) return undefined;
      return {
        readonly: (flags & RDONLY) !== 0,
        nosuid: (flags & NOSUID) !== 0,
        nodev: (flags & NODEV) !== 0,
      };
    };
  }

  /** Reads the beginning of a file as text, at most this many pages; undefined if that is refused. */
  read(path: string, pages = 1): () => string | undefined {
    const fd = this.#add('openat', [AT.FDCWD, path, constants.O_RDONLY | HARMLESS, 0]);
    const reads = Array.from({ length: pages }, () =>
      this.#add('read', [fd, new Uint8Array(PAGE), PAGE]),
    );
    this.#add('close', [fd]);
    return () => {
      const pieces = reads.map((read) => this.#bytes(read, 1, this.#made().resultOf(read)));
      if (pieces[0] === undefined) return undefined;
      return Buffer.concat(pieces.filter((piece) => piece !== undefined)).toString('utf8');
    };
  }

  /** Lists a directory, as far as its names fit into this many pages; undefined if that is refused. */
  list(path: string, pages = 2): () => string[] | undefined {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | HARMLESS;
    const size = pages * PAGE;
    const fd = this.#add('openat', [AT.FDCWD, path, flags, 0]);
    const call = this.#add('getdents64', [fd, new Uint8Array(size), size]);
    this.#add('close', [fd]);
    return () => {
      const bytes = this.#bytes(call, 1, this.#made().resultOf(call));
      return bytes && namesOf(bytes);
    };
  }

  /** Reads where a link leads; undefined if that is refused. */
  link(path: string): () => string | undefined {
    const call = this.#add('readlinkat', [AT.FDCWD, path, new Uint8Array(PAGE), PAGE]);
    return () => {
      const bytes = this.#bytes(call, 2, this.#made().resultOf(call));
      return bytes && Buffer.from(bytes).toString('utf8');
    };
  }

  /**
   * Makes the calls, in their order, in one command of the sandbox.
   *
   * @throws {RunError} if the command is ended before its last call
   */
  async run(box: Sandbox): Promise<void> {
    using command = new ProgramCommand(this.#program);
    const { file, args, stdio, size: maxBuffer } = command;
    const options = { stdio, maxBuffer, timeout: PATIENCE, encoding: 'buffer' } as const;
    const { stdout } = await box.run(file, args, options);
    this.#results = command.results(stdout);
  }
}
