// One system call in another namespace, whatever it takes to get there.
import { HandOver } from '../namespaces/hand-over.js';
import type { NamespaceTarget } from '../namespaces/in.js';
import { Namespace } from '../namespaces/namespace.js';
import type { ProgramArgument } from '../program/call.js';
import { Program } from '../program/program.js';
import type { NamespaceType } from '../sys/namespace-types.js';
import type { SyscallName } from '../sys/numbers.js';
import { type SyscallArgument, syscall } from '../sys/syscall.js';
import { isSystemError } from '../sys/system-error.js';
import { runProgramSync } from './run-program.js';

/** Types that a thread of a process with several threads can enter and leave again. */
const enterable: ReadonlySet<NamespaceType> = new Set(['uts', 'ipc', 'net', 'cgroup']);

/**
 * Gives the namespace of `target` to a function; one that was opened for it is closed afterwards.
 *
 * @param target of this type: the option `in` in normal form
 */
export function withTarget<Result>(
  type: NamespaceType,
  target: NamespaceTarget,
  use: (namespace: Namespace) => Result,
): Result {
  if (typeof target !== 'number') return use(target);
  const namespace = Namespace.of(target, type);
  try {
    return use(namespace);
  } finally {
    namespace.close();
  }
}

/**
 * Gives a function the handles that a child joins to work in this namespace: first the user
 * namespace that owns it, unless that is the caller's own.
 */
export function withJoins<Result>(
  namespace: Namespace,
  use: (handles: readonly Namespace[]) => Result,
): Result {
  const owner = namespace.type === 'user' ? undefined : namespace.owner();
  const home = Namespace.current('user');
  try {
    return use(owner && !owner.equals(home) ? [owner, namespace] : [namespace]);
  } finally {
    home.close();
    owner?.close();
  }
}

/** The two ways to work in another namespace. */
export interface Ways<Result> {
  /** On the calling thread, which has entered. */
  entered(): Result;
  /** In a child that joins these handles. */
  joined(handles: readonly Namespace[]): Result;
}

/** True if the calling thread is in this namespace. */
function isHere(namespace: Namespace): boolean {
  const here = Namespace.current(namespace.type);
  try {
    return namespace.equals(here);
  } finally {
    here.close();
  }
}

/**
 * Works in another namespace: on the calling thread if it may enter there, which takes privilege
 * over the caller's own user namespace as well, else by a child.
 *
 * @param target as for {@link withTarget}; undefined for the calling thread's namespace
 */
export function workIn<Result>(
  type: NamespaceType,
  target: NamespaceTarget | undefined,
  ways: Ways<Result>,
): Result {
  if (target === undefined) return ways.entered();
  return withTarget(type, target, (namespace) => {
    if (enterable.has(type)) {
      try {
        return namespace.enter(() => ways.entered());
      } catch (error) {
        if (!isSystemError(error, 'EPERM') || error.syscall !== 'setns') throw error;
        // setns(2) takes a privilege even if the thread is there already: `in: 'self'` needs none.
        if (isHere(namespace)) return ways.entered();
      }
    }
    return withJoins(namespace, (handles) => ways.joined(handles));
  });
}

/** Arguments of a system call as a program takes them. */
function programArguments(args: readonly SyscallArgument[]): ProgramArgument[] {
  return args.map((argument) => {
    if (!ArrayBuffer.isView(argument)) return argument;
    return new Uint8Array(argument.buffer, argument.byteOffset, argument.byteLength);
  });
}

function callInChild(
  namespaces: readonly Namespace[],
  name: SyscallName,
  args: readonly SyscallArgument[],
): number {
  const program = new Program();
  const given = programArguments(args);
  const call = program.call(name, ...given);
  const results = runProgramSync(program, { namespaces });
  given.forEach((argument, i) => {
    if (argument instanceof Uint8Array) argument.set(results.bytesOf(call, i));
  });
  return results.resultOf(call);
}

/**
 * Makes a system call in another namespace, as {@link workIn} does. Memory among the arguments is
 * read and filled as by a direct call. Only for calls whose result means the same to every
 * process: not a descriptor, nor an address.
 *
 * @param target as for {@link withTarget}; undefined for the calling thread's namespace
 * @throws {SystemError} when the kernel refuses the call, or to join the namespace
 */
export function callIn(
  type: NamespaceType,
  target: NamespaceTarget | undefined,
  name: SyscallName,
  ...args: readonly SyscallArgument[]
): number {
  return workIn(type, target, {
    entered: () => syscall(name, ...args),
    joined: (handles) => callInChild(handles, name, args),
  });
}

function openInChild(
  namespaces: readonly Namespace[],
  name: SyscallName,
  args: readonly SyscallArgument[],
): number {
  const handOver = new HandOver();
  try {
    const program = new Program();
    program.append(handOver.send(program.call(name, ...programArguments(args))));
    runProgramSync(program, { namespaces });
    return handOver.receive();
  } finally {
    handOver.close();
  }
}

/**
 * Makes a system call that opens a descriptor in another namespace, as {@link callIn} does; a child
 * hands over what it has opened.
 *
 * @returns the descriptor, which the caller closes
 * @throws {SystemError} when the kernel refuses the call, or to join the namespace
 */
export function openIn(
  type: NamespaceType,
  target: NamespaceTarget | undefined,
  name: SyscallName,
  ...args: readonly SyscallArgument[]
): number {
  return workIn(type, target, {
    entered: () => syscall(name, ...args),
    joined: (handles) => openInChild(handles, name, args),
  });
}
