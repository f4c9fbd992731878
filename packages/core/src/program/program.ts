// A syscall program: the list of system calls that a child makes between clone and exec.
// Plain data; layout.ts puts it into memory, native/program.h makes the calls.
import { formatCall } from '../format-call.js';
import { errnoNumber } from '../sys/errno.js';
import { type SyscallName, syscallNumber } from '../sys/numbers.js';
import { assertNoNul, assertWord } from '../sys/syscall.js';

/** How a call of a {@link Program} is treated. */
export interface CallOptions {
  /** Errors that do not end the program: `['ENOENT']`. */
  tolerate?: readonly string[];
  /** The result must be this number, or the program ends with EPROTO. */
  expect?: number;
  /**
   * Make the call only if this earlier call failed. If that failure was not tolerated, the call is
   * still made before the program ends, to find out more; see {@link explains}.
   */
  ifFailed?: Call;
  /** Make the call only if this earlier, error-tolerating call succeeded. */
  ifSucceeded?: Call;
  /** What the call is part of, for the error message. */
  step?: string;
  /** What helps when it fails, for the error message. */
  hint?: string;
  /**
   * With {@link ifFailed}: this call reads into its argument of bytes why the other one failed. The
   * function makes the hint of the error from the text; nothing if it makes none.
   */
  explains?: (text: string) => string | undefined;
}

/** A file descriptor of the parent that the program uses; see {@link Program.descriptor}. */
export class ParentDescriptor {
  readonly fd: number;

  constructor(fd: number) {
    this.fd = fd;
  }

  toString(): string {
    return `fd ${this.fd}`;
  }
}

/**
 * Argument of a call in a program: an integer; a text (passed NUL terminated); bytes; a list of
 * texts (as for execve); null; a file descriptor of the parent; or an earlier call, whose result
 * is meant. An array of bytes that several calls name is one piece of memory in the child.
 */
export type ProgramArgument =
  | number
  | bigint
  | string
  | Uint8Array
  | readonly string[]
  | null
  | ParentDescriptor
  | Call;

/** What the parent does while the child waits; see {@link Program.meet}. */
export type MeetingAction = (child: MeetingChild) => void | Promise<void>;

/** The waiting child, as the parent sees it. */
export interface MeetingChild {
  /** Its process id, in the parent's pid namespace. */
  readonly pid: number;
  /** A pidfd for it; the caller must not close it. */
  readonly pidfd: number;
  /** What an earlier call of the program returned in the child, for example a file descriptor. */
  resultOf(call: Call): number;
}

/** One entry of a program. As an argument of a later call, it stands for its result. */
export class Call {
  /** Name of the system call, or of a step that is none. */
  readonly name: string;
  /** Its number; steps that are no system calls have negative ones. */
  readonly number: number;
  readonly args: readonly ProgramArgument[];
  readonly options: CallOptions;
  /** What the parent does meanwhile, if the entry is a meeting. */
  readonly action: MeetingAction | undefined;

  constructor(
    name: string,
    number: number,
    args: readonly ProgramArgument[],
    options: CallOptions,
    action?: MeetingAction,
  ) {
    this.name = name;
    this.number = number;
    this.args = args;
    this.options = options;
    this.action = action;
  }
}

// Numbers of native/program.h for what is no system call. A meeting is expanded before layout.
const STEPS = { isolate: -1, replace: -2, init: -3, hold: -4, meet: -5, store: -6 } as const;

/** A step of the engine's own. */
export type StepName = keyof typeof STEPS;

/** Makes an entry that is not a system call. */
export function stepEntry(
  name: StepName,
  args: readonly ProgramArgument[] = [],
  options: CallOptions = {},
  action?: MeetingAction,
): Call {
  return new Call(name, STEPS[name], args, options, action);
}

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
    const options = isOptions(last) ? last : {};
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
    const entry = stepEntry('meet', [], options, action);
    this.#entries.push(entry);
    return entry;
  }

  /**
   * Adds a step that writes a number into bytes, which a later call is given as the very same array:
   * an earlier result or a descriptor, where the kernel wants it inside of a structure.
   *
   * @param offset where in the bytes, little-endian
   * @param size of the number, in bytes
   */
  store(
    value: Call | ParentDescriptor,
    bytes: Uint8Array,
    offset: number,
    size: 4 | 8,
    options: CallOptions = {},
  ): Call {
    if (!Number.isInteger(offset) || offset < 0 || offset + size > bytes.byteLength) {
      throw new RangeError(`store: ${size} bytes at ${offset} are not inside of the memory`);
    }
    const entry = stepEntry('store', [bytes, offset, value, size], options);
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

function withNames(entries: readonly Call[], argument: ProgramArgument): unknown {
  if (!(argument instanceof Call)) return argument;
  const index = entries.indexOf(argument);
  return { toString: () => (index < 0 ? `result of ${argument.name}` : `$${index}`) };
}

function remarks(entries: readonly Call[], { options }: Call): string {
  const { tolerate, expect, ifFailed, ifSucceeded } = options;
  const list: string[] = [];
  if (expect !== undefined) list.push(`must be ${expect}`);
  if (tolerate?.length) list.push(`may fail: ${tolerate.join(', ')}`);
  if (ifFailed) list.push(`if $${entries.indexOf(ifFailed)} failed`);
  if (ifSucceeded) list.push(`if $${entries.indexOf(ifSucceeded)} succeeded`);
  return list.length === 0 ? '' : `  # ${list.join('; ')}`;
}

/** Entries as text; `$3 = ` marks a result that a later call uses. */
export function explain(entries: readonly Call[]): string {
  const used = new Set(entries.flatMap(({ args }) => args.filter((a) => a instanceof Call)));
  for (const { options } of entries) {
    if (options.ifFailed) used.add(options.ifFailed);
    if (options.ifSucceeded) used.add(options.ifSucceeded);
  }
  return entries
    .map((entry, index) => {
      const text = formatCall(
        entry.name,
        entry.args.map((argument) => withNames(entries, argument)),
      );
      return `${used.has(entry) ? `$${index} = ` : ''}${text}${remarks(entries, entry)}`;
    })
    .join('\n');
}
