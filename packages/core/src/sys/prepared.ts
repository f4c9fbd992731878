// System calls prepared in memory: what is made again and again with the same memory, such as a
// request and the reading of its answer, costs one crossing into native code.
import { addressOf, rawCalls } from './native.js';
import { type SyscallName, syscallNumber } from './numbers.js';
import { assertWord, type SyscallArgument, toWord } from './syscall.js';

const WORDS = 8; // struct call of native/spawn.c: number, arguments, result
const RESULT = 7;
const ARGUMENTS = 6;

/** Calls in their order. Memory that their arguments name lives as long as this does. */
export class PreparedCalls {
  readonly length: number;
  readonly #words: BigInt64Array;
  readonly #halves: Int32Array;
  readonly #address: number;
  readonly #memory: ArrayBufferView[] = [];

  constructor(calls: readonly (readonly [name: SyscallName, ...args: SyscallArgument[]])[]) {
    this.length = calls.length;
    this.#words = new BigInt64Array(WORDS * calls.length);
    this.#halves = new Int32Array(this.#words.buffer);
    calls.forEach(([name, ...args], call) => {
      if (args.length > ARGUMENTS) throw new RangeError('a system call takes at most 6 arguments');
      this.#words[WORDS * call] = BigInt(syscallNumber(name));
      args.forEach((argument, i) => {
        this.#words[WORDS * call + 1 + i] = BigInt(toWord(argument, this.#memory));
      });
    });
    this.#address = Number(addressOf(this.#words));
  }

  /** Gives an argument another number. */
  set(call: number, argument: number, value: number): void {
    assertWord(value);
    const at = 2 * (WORDS * call + 1 + argument);
    this.#halves[at] = value;
    this.#halves[at + 1] = Math.floor(value / 2 ** 32);
  }

  /**
   * Makes the calls, from `first` on, on the calling thread, until one fails. One that a signal
   * interrupts is made again.
   *
   * @returns the place of the one that failed; `length` if none did
   */
  run(first = 0): number {
    return first + rawCalls(this.#address + 8 * WORDS * first, this.length - first);
  }

  /** Returns the result of a call: below zero, a negated error number. */
  resultOf(call: number): number {
    const at = 2 * (WORDS * call + RESULT);
    return ((this.#halves[at] as number) >>> 0) + (this.#halves[at + 1] as number) * 2 ** 32;
  }
}
