// A child that only makes system calls: for what has to be done inside other namespaces.

import type { Child } from '../child/child.js';
import { launch, launchSync, OWN_RUNNER, type Running } from '../child/launch.js';
import { programChild, programNamespaces } from '../child/parse.js';
import { type ChildPlan, planChild } from '../child/plan.js';
import { throwIfAborted } from '../contract/abort.js';
import { type Members, options as parseOptions } from '../contract/options.js';
import { type Duration, timeout } from '../contract/units.js';
import { abortSignal } from '../contract/values.js';
import type { Namespace } from '../namespaces/namespace.js';
import type { Call } from '../program/call.js';
import type { Layout } from '../program/layout.js';
import type { Program } from '../program/program.js';
import { endedEarly } from '../program/program-error.js';
import type { NamespaceSpec } from '../program/spec.js';
import { reapAndClose } from '../sys/wait.js';

/** Options of {@link runProgram}. */
export interface ProgramOptions {
  /** Namespaces to run in: specifications create, handles join. */
  namespaces?: readonly (NamespaceSpec | Namespace)[] | undefined;
  /**
   * Milliseconds after which the child is killed and the call fails with the code ETIMEDOUT; 0 for no
   * limit. Default: 10,000 for runProgramSync, which blocks the thread; 0 for runProgram.
   */
  timeout?: Duration | undefined;
  /** Kills the child when aborted; the call fails with an AbortError. Not for runProgramSync. */
  signal?: AbortSignal | undefined;
}

/** The results of the calls of a program. */
export interface ProgramResults {
  /** The result of a call; a negative error number if it failed and was tolerated. */
  resultOf(call: Call): number;
  /** A copy of the memory behind an argument given as bytes, as the call left it. */
  bytesOf(call: Call, argument: number): Uint8Array;
}

class Results implements ProgramResults {
  readonly #results = new Map<Call, number>();
  readonly #bytes = new Map<Call, readonly (Uint8Array | undefined)[]>();

  take(layout: Layout, program: Program): void {
    for (const call of program.entries) {
      if (call.action) continue;
      this.#results.set(call, layout.resultOf(call));
      if (call.args.some((argument) => ArrayBuffer.isView(argument))) {
        this.#bytes.set(
          call,
          call.args.map((argument, i) =>
            ArrayBuffer.isView(argument) ? layout.bytesOf(call, i) : undefined,
          ),
        );
      }
    }
  }

  resultOf(call: Call): number {
    const result = this.#results.get(call);
    if (result === undefined) throw new TypeError(`${call.name}: not a call of this program`);
    return result;
  }

  bytesOf(call: Call, argument: number): Uint8Array {
    const bytes = this.#bytes.get(call)?.[argument];
    if (!bytes) throw new TypeError(`${call.name}: argument ${argument} is not bytes`);
    return bytes;
  }
}

const members = { namespaces: programNamespaces, timeout };

const parseAsync = parseOptions({
  ...members,
  signal: abortSignal,
} satisfies Members<ProgramOptions>);

const parseSync = parseOptions(members satisfies Members<Omit<ProgramOptions, 'signal'>>);

function prepare(program: Program, child: Child) {
  const results = new Results();
  const plan: ChildPlan = {
    ...planChild(child, program),
    harvest: (layout) => results.take(layout, program),
  };
  return { plan, results };
}

function conclude({ pidfd }: Running, results: ProgramResults): ProgramResults {
  const exit = reapAndClose(pidfd); // its last call was exit
  if (exit.code !== 0) throw endedEarly(exit);
  return results;
}

/**
 * Runs a program in a child without a command, in new or joined namespaces, and gives the results
 * of its calls. The way to work inside mount, user, pid and time namespaces, which a thread of
 * this process cannot enter.
 *
 * @throws {SystemError} naming the call that failed
 * @see clone(2), setns(2)
 */
export async function runProgram(
  program: Program,
  options: ProgramOptions = {},
): Promise<ProgramResults> {
  const { namespaces, timeout, signal } = parseAsync(options);
  throwIfAborted(signal);
  const { plan, results } = prepare(program, programChild(namespaces, signal));
  return conclude(await launch(plan, timeout), results);
}

/** {@link runProgram}, blocking the thread. Meetings must be synchronous. */
export function runProgramSync(
  program: Program,
  options: Omit<ProgramOptions, 'signal'> = {},
): ProgramResults {
  const { namespaces, timeout = OWN_RUNNER } = parseSync(options);
  const { plan, results } = prepare(program, programChild(namespaces));
  return conclude(launchSync(plan, timeout), results);
}
