// Checked system calls by name: arguments are guarded (the FFI truncates silently), failures
// become SystemError.

import { addressOf, rawSyscall, rawSyscallAsync } from './native.js';
import { type SyscallName, syscallNumber } from './numbers.js';
import { SystemError } from './system-error.js';

/**
 * Argument of a system call: an integer, memory to read or fill, a text that is passed NUL
 * terminated, or null for a null pointer.
 */
export type SyscallArgument = number | bigint | string | ArrayBufferView | null;

type Word = number | bigint;
type Words = [Word, Word, Word, Word, Word, Word];

const MIN_WORD = -(2n ** 63n);
const MAX_WORD = 2n ** 64n;

/** Throws if a text contains a NUL, which would silently cut it short. */
export function assertNoNul(text: string): void {
  if (text.includes('\0')) {
    throw new TypeError(`a NUL character is not allowed: ${JSON.stringify(text)}`);
  }
}

/** A text as C wants it. */
export function cString(text: string): Uint8Array {
  assertNoNul(text);
  return Buffer.from(`${text}\0`);
}

/** Throws unless the value is an integer that fits a machine word. */
export function assertWord(value: number | bigint): void {
  if (
    typeof value === 'number' ? !Number.isSafeInteger(value) : value < MIN_WORD || value >= MAX_WORD
  ) {
    throw new RangeError(`not an integer that a system call can take: ${value}`);
  }
}

// Memory of the latest call. Being reachable from here, it outlives the call.
const latest: { memory: readonly ArrayBufferView[] } = { memory: [] };

/** An argument as a machine word. Memory that it stands for is put on the list, to be kept. */
export function toWord(argument: SyscallArgument, keep: ArrayBufferView[]): Word {
  if (argument === null) return 0;
  if (typeof argument === 'number' || typeof argument === 'bigint') {
    assertWord(argument);
    return typeof argument === 'bigint' ? BigInt.asIntN(64, argument) : argument;
  }
  const memory = typeof argument === 'string' ? cString(argument) : argument;
  keep.push(memory);
  return addressOf(memory);
}

function toWords(args: readonly SyscallArgument[], keep: ArrayBufferView[]): Words {
  const words: Words = [0, 0, 0, 0, 0, 0];
  if (args.length > words.length) throw new RangeError('a system call takes at most 6 arguments');
  for (let i = 0; i < args.length; i++) words[i] = toWord(args[i] as SyscallArgument, keep);
  return words;
}

/**
 * Makes a system call on the calling thread and returns what the kernel returned, failures
 * included: a negative error number.
 */
export function trySyscall(name: SyscallName, ...args: readonly SyscallArgument[]): number {
  const keep: ArrayBufferView[] = [];
  const w = toWords(args, keep);
  const result = Number(rawSyscall(syscallNumber(name), w[0], w[1], w[2], w[3], w[4], w[5]));
  latest.memory = keep; // referenced until here: the kernel may have written there
  return result;
}

/**
 * Makes a system call on the calling thread.
 *
 * @throws {SystemError} when the kernel refuses, with the call and its arguments.
 * @see syscall(2)
 */
export function syscall(name: SyscallName, ...args: readonly SyscallArgument[]): number {
  const result = trySyscall(name, ...args);
  if (result < 0 && result > -4096) throw new SystemError(-result, name, args);
  return result;
}

/**
 * Makes a system call that may block on a thread of libuv's pool. That thread is in the
 * namespaces that the process started in, not in those the caller has entered.
 *
 * @throws {SystemError} when the kernel refuses.
 */
export async function syscallAsync(
  name: SyscallName,
  ...args: readonly SyscallArgument[]
): Promise<number> {
  const keep: ArrayBufferView[] = [];
  const result = Number(await rawSyscallAsync(syscallNumber(name), toWords(args, keep)));
  latest.memory = keep;
  if (result < 0 && result > -4096) throw new SystemError(-result, name, args);
  return result;
}
