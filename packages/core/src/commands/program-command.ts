// A program as a command: what spawn and run start, with all that they do to a command. runProgram
// makes its calls before exec, and so before a filter of system calls, limits and capabilities hold.
// What comes back is of a known size, and nothing but numbers and bytes: SECURITY.md S4.

import type { StdioItem } from '../child/options.js';
import { openRunner } from '../child/runner.js';
import { Rollback } from '../contract/rollback.js';
import { type Arena, mapJob, openJob, releaseArena } from '../program/arena.js';
import type { Call, ProgramArgument } from '../program/call.js';
import { Layout, memoryFor } from '../program/layout.js';
import { Program } from '../program/program.js';
import { closeFd } from '../sys/fd.js';
import type { ProgramResults } from './run-program.js';

const WORD = 8;
const OUTPUT = 1;
/** Descriptors of the command: the runner, and the memory of the job. */
const RUNNER = 3;
const JOB = 4;

const isBytes = (argument: ProgramArgument): argument is Uint8Array => ArrayBuffer.isView(argument);

/** Opens what the command is: its job, laid out, and the runner. */
function openCommand(entries: readonly Call[]): { arena: Arena; runner: number } {
  const job = openJob();
  const rollback = new Rollback();
  let arena: Arena | undefined;
  rollback.add(() => (arena ? releaseArena(arena) : closeFd(job)));
  try {
    arena = mapJob(job, memoryFor(entries));
    new Layout(arena, entries, { flags: 0 });
    return { arena, runner: openRunner() };
  } catch (error) {
    rollback.undoFailed();
    throw error;
  }
}

/**
 * A program as the command of a child: it makes its calls when all options of spawn are in force, and
 * needs only /proc in the child's root. Calls cannot name descriptors of the parent, and meetings are
 * not supported. Errors end it unless they are tolerated.
 *
 * @example
 * const program = new Program();
 * const pid = program.call('getpid');
 * using command = new ProgramCommand(program);
 * const { file, args, stdio, size: maxBuffer } = command;
 * const { stdout } = await run(file, args, { stdio, maxBuffer, encoding: 'buffer' });
 * command.results(stdout).resultOf(pid);
 */
export class ProgramCommand implements Disposable {
  /** The file to run. */
  readonly file = `/proc/self/fd/${RUNNER}`;
  readonly args: readonly string[];
  /** Its descriptors. */
  readonly stdio: readonly StdioItem[];
  /** Number of bytes that it writes to its output. */
  readonly size: number;
  readonly #calls = new Map<Call, number>();
  readonly #memory = new Map<Uint8Array, number>();
  readonly #close: () => void;

  constructor(program: Program) {
    const { entries } = program;
    if (entries.some(({ action }) => action)) {
      throw new TypeError('program must not have meetings: a command has none with its parent');
    }
    const words = new Uint8Array(entries.length * WORD);
    const whole = new Program();
    for (const call of entries) {
      whole.append([call]);
      const at = this.#calls.size * WORD;
      this.#calls.set(call, at);
      whole.store(call, words, at, WORD);
    }
    let size = 0;
    for (const bytes of new Set([words, ...entries.flatMap(({ args }) => args.filter(isBytes))])) {
      if (bytes.length === 0) continue;
      this.#memory.set(bytes, size);
      size += bytes.length;
      whole.call('write', OUTPUT, bytes, bytes.length, { expect: bytes.length });
    }
    whole.call('exit_group', 0);
    this.size = size;

    // The runner is passed on with the job; a command that could write to it is the job itself.
    const { arena, runner } = openCommand(whole.entries);
    this.args = [String(JOB)];
    this.stdio = ['ignore', 'pipe', 'ignore', runner, arena.fd];
    let open = true;
    this.#close = () => {
      if (!open) return;
      open = false;
      closeFd(runner);
      releaseArena(arena);
    };
  }

  /**
   * Returns what the calls returned, from what the command has written.
   *
   * @throws {RangeError} if that is not all of it: the command was ended before
   */
  results(output: Uint8Array): ProgramResults {
    if (output.length !== this.size) {
      throw new RangeError(`output must have ${this.size} bytes, got ${output.length}`);
    }
    const calls = new Map(this.#calls);
    const memory = new Map(this.#memory);
    const view = new DataView(output.buffer, output.byteOffset, output.length);
    return {
      resultOf: (call) => {
        const at = calls.get(call);
        if (at === undefined) throw new TypeError(`${call.name}: not a call of this program`);
        return Number(view.getBigInt64(at, true));
      },
      bytesOf: (call, argument) => {
        const bytes = call.args[argument];
        const at = isBytes(bytes ?? null) ? memory.get(bytes as Uint8Array) : undefined;
        if (at === undefined)
          throw new TypeError(`${call.name}: argument ${argument} is not bytes`);
        return output.slice(at, at + (bytes as Uint8Array).length);
      },
    };
  }

  /** Gives memory and descriptors back. The command must have ended. */
  close(): void {
    this.#close();
  }

  /** As {@link close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
