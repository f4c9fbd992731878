// A syscall program: the list of system calls that a child makes between clone and exec.
// Plain data; layout.ts puts it into memory, native/program.h makes the calls.
import { knownMembers } from '../contract/options.js';
import { errnoNumber } from '../sys/errno.js';
import { type SyscallName, syscallNumber } from '../sys/numbers.js';
import { assertNoNul, assertWord } from '../sys/syscall.js';
import {
  Call,
  type CallOptions,
  callOptions,
  type MeetingAction,
  noOptions,
  ParentDescriptor,
  type ProgramArgument,
  stepEntry,
  userEntry,
} from './call.js';
import { explain } from './explain.js';

function isOptions(value: ProgramArgument | CallOptions | undefined): value is CallOptions {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    !(value instanceof Call) &&
    !(value instanceof ParentDescriptor)
  );
}

function check(argument: ProgramArgument): void {
  if (typeof argument === 'number' || typeof argument === 'bigint') assertWord(argument);
  else if (typeof argument === 'string') assertNoNul(argument);
  else if (Array.isArray(argument)) argument.forEach(assertNoNul);
}

/**
 * A list of system calls with their arguments, made by a child before it execs. It ends at the
 * first error that a call does not tolerate; the error names that call.
 *
 * @example
 * const program = new Program();
 * program.call('sethostname', 'box', 3);
 * const tree = program.call('open_tree', AT.FDCWD, '/srv', OPEN_TREE_CLONE);
 * program.call('move_mount', tree, '', AT.FDCWD, '/mnt', MOVE_MOUNT_F_EMPTY_PATH);
 * program.call('umount2', '/old', MNT.DETACH, { tolerate: ['EINVAL'] });
 */
export class Program {
  readonly #entries: Call[] = [];

  /** The entries so far. */
  get entries(): readonly Call[] {
    return this.#entries;
  }

  /**
   * Adds a system call; the last argument may be {@link CallOptions}. Give the returned entry as
   * an argument of a later call to mean its result.
   *
   * @throws {RangeError} if a number is not an integer of 64 bits
   * @throws {TypeError} if a text contains a NUL character
   */
  call(name: SyscallName, ...args: ProgramArgument[] | [...ProgramArgument[], CallOptions]): Call {
    const last = args.at(-1);
    const options = isOptions(last) ? knownMembers(last, callOptions, 'options') : noOptions;
    const list = (isOptions(last) ? args.slice(0, -1) : args) as ProgramArgument[];
    if (list.length > 6) throw new RangeError(`${name}: a system call takes at most 6 arguments`);
    for (const argument of list) check(argument);
    for (const code of options.tolerate ?? []) errnoNumber(code);
    const entry = new Call(name, syscallNumber(name), list, options);
    this.#entries.push(entry);
    return entry;
  }

  /**
   * Adds a meeting: the child waits here until the parent has run this function. Only for what
   * cannot be done from inside the child; it costs an exec of the small runner.
   */
  meet(action: MeetingAction, options: CallOptions = {}): Call {
    const known = knownMembers(options, callOptions, 'options');
    const entry = stepEntry('meet', [], known, action);
    this.#entries.push(entry);
    return entry;
  }

  /**
   * Adds a step that writes a number into bytes, which a later call is given as the very same array:
   * an earlier result, a descriptor, or the address of other bytes, where the kernel wants it inside
   * of a structure.
   *
   * @param offset where in the bytes, little-endian
   * @param size of the number, in bytes
   */
  store(
    value: Call | ParentDescriptor | Uint8Array,
    bytes: Uint8Array,
    offset: number,
    size: 4 | 8,
    options: CallOptions = {},
  ): Call {
    if (!Number.isInteger(offset) || offset < 0 || offset + size > bytes.byteLength) {
      throw new RangeError(`store: ${size} bytes at ${offset} are not inside of the memory`);
    }
    const known = knownMembers(options, callOptions, 'options');
    const entry = stepEntry('store', [bytes, offset, value, size], known);
    this.#entries.push(entry);
    return entry;
  }

  /**
   * Adds a step that makes a user namespace inside of the present one, with a process that waits in
   * it, and an isolated child for the rest: maps that the child writes for itself take a dumpable
   * process, and in a joined user namespace a dumpable process belongs to the root there. Write the
   * maps, open `ns/user` and join it by the returned descriptor, then add {@link endUser}.
   *
   * @param proc descriptor of a /proc in which the child is visible
   * @returns the descriptor of the process's directory there
   */
  makeUser(proc: Call, options: CallOptions = {}): Call {
    const entry = userEntry(proc, options);
    this.#entries.push(entry);
    return entry;
  }

  /** Adds the step that ends the process of {@link makeUser}. */
  endUser(): Call {
    const entry = stepEntry('userEnd');
    this.#entries.push(entry);
    return entry;
  }

  /** A file descriptor that is open in the parent, for use as an argument of a call. */
  descriptor(fd: number): ParentDescriptor {
    if (!Number.isInteger(fd) || fd < 0) throw new RangeError(`not a file descriptor: ${fd}`);
    return new ParentDescriptor(fd);
  }

  /** Adds the entries of another program. */
  append(other: Program | readonly Call[]): this {
    this.#entries.push(...(other instanceof Program ? other.entries : other));
    return this;
  }

  /** The program as text, a call on each line, in the manner of strace(1). */
  explain(): string {
    return explain(this.#entries);
  }
}
