// One entry of a syscall program: a call with its arguments, and how it is treated.
import { withoutPrototype } from '../contract/values.js';
import type { ChildPart } from '../sys/child-part.js';
import { CLONE } from '../sys/flags.js';

/** Options of a call of a {@link Program}. */
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
  /** Label of the operation that the call belongs to, for the error message. */
  step?: string;
  /** The part that its error belongs to. Default: the type of the specification that adds it. */
  part?: ChildPart;
  /** Hint of the error: for every error, or by its code. */
  hint?: string | Readonly<Record<string, string>>;
  /**
   * With {@link ifFailed}: this call reads into its argument of bytes why the other one failed. The
   * function makes the hint of the error from the text; nothing if it makes none.
   */
  explains?: (text: string) => string | undefined;
}

/** Names of the options of a call. */
export const callOptions: ReadonlySet<string> = new Set<keyof CallOptions>([
  ...([
    'tolerate',
    'expect',
    'ifFailed',
    'ifSucceeded',
    'step',
    'part',
    'hint',
    'explains',
  ] as const),
]);

/** For a call without any: most have none. */
export const noOptions: CallOptions = Object.freeze(withoutPrototype({}));

/** A file descriptor of the parent that the program uses; see {@link Program.descriptor}. */
export class ParentDescriptor {
  readonly fd: number;

  constructor(fd: number) {
    this.fd = fd;
  }

  /** As {@link Program.explain} shows it. */
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

/** Function that the parent runs while the child waits; see {@link Program.meet}. */
export type MeetingAction = (child: MeetingChild) => void | Promise<void>;

/** The waiting child, as the parent sees it. */
export interface MeetingChild {
  /** Its process id, in the parent's pid namespace. */
  readonly pid: number;
  /** A pidfd for it; the caller must not close it. */
  readonly pidfd: number;
  /** Returns the result of an earlier call in the child, for example a file descriptor. */
  resultOf(call: Call): number;
}

/** One entry of a program. As an argument of a later call, it stands for its result. */
export class Call {
  /** Name of the system call, or of a step that is none. */
  readonly name: string;
  /** Its number; steps that are not system calls have negative ones. */
  readonly number: number;
  readonly args: readonly ProgramArgument[];
  readonly options: CallOptions;
  /** Function that the parent runs meanwhile, if the entry is a meeting. */
  readonly action: MeetingAction | undefined;
  /** The part that its error belongs to: what decisions are made by, as the texts are for readers. */
  part: ChildPart | undefined;

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
    // A polluted prototype could have any call's failure tolerated.
    this.options = options === noOptions ? options : withoutPrototype(options);
    this.action = action;
    this.part = this.options.part;
  }

  /** Returns the hint for an error of this code. */
  hintFor(code: string): string | undefined {
    const { hint } = this.options;
    return typeof hint === 'object' ? withoutPrototype(hint)[code] : hint;
  }
}

// Numbers of native/program.h for steps that are not system calls. A meeting is expanded before layout.
const STEPS = {
  ...{ isolate: -1, replace: -2, init: -3, hold: -4, meet: -5, store: -6 },
  ...{ mappedId: -7, user: -8, userEnd: -9 },
} as const;

/** A step of the engine's own. */
export type StepName = keyof typeof STEPS;

/** Makes an entry that is not a system call. */
export function stepEntry(
  name: StepName,
  args: readonly ProgramArgument[] = [],
  options: CallOptions = noOptions,
  action?: MeetingAction,
): Call {
  return new Call(name, STEPS[name], args, options, action);
}

/**
 * Makes the entry of a step that makes a user namespace and is, to the kernel, a clone3: by that name
 * errors and {@link Program.explain} show it.
 */
export function userEntry(proc: Call, options: CallOptions): Call {
  return new Call('clone3', STEPS.user, [CLONE.NEWUSER, proc], options);
}

/** True for an entry that {@link userEntry} has made. */
export const isUserEntry = ({ number }: Call): boolean => number === STEPS.user;

/** True for an entry that writes a number into bytes: see {@link Program.store}. */
export const isStoreEntry = ({ number }: Call): boolean => number === STEPS.store;
