// What an operation of several steps has to undo if it fails (SECURITY.md S8).

/** A step that undoes something; one that takes time returns a promise of its end. */
type Step = () => unknown;

function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise;
}

/**
 * Runs steps in order. Each waits for the one before, and runs even if that failed. Without promises,
 * all of them run before this returns.
 *
 * @returns the errors, once all steps have ended
 */
function runAll(steps: readonly Step[]): unknown[] | Promise<unknown[]> {
  const errors: unknown[] = [];
  for (const [i, step] of steps.entries()) {
    try {
      const end = step();
      if (!isPromise(end)) continue;
      return end
        .catch((error: unknown) => errors.push(error))
        .then(async () => [...errors, ...(await runAll(steps.slice(i + 1)))]);
    } catch (error) {
      errors.push(error);
    }
  }
  return errors;
}

/** Runs all steps in order, even if one fails. @throws the first error, after the last step */
export async function runEach(steps: readonly Step[]): Promise<void> {
  const errors = await runAll(steps);
  if (errors.length > 0) throw errors[0];
}

/** The steps that undo an operation. */
export class Rollback {
  #steps: Step[] = [];
  readonly #always: (() => void)[] = [];

  /**
   * Adds a step, to run before those that were added earlier.
   *
   * @returns runs the step now; it does not run a second time
   */
  add(step: Step): Step {
    const once = () => {
      const i = this.#steps.indexOf(once);
      if (i === -1) return undefined;
      this.#steps.splice(i, 1);
      return step();
    };
    this.#steps.push(once);
    return once;
  }

  /** Adds a step that runs at the end of the operation, whether it fails or not. */
  always(step: () => void): void {
    this.#always.push(step);
  }

  /** Undoes the operation, the latest step first. @throws the first error, after the last step */
  undo(): Promise<void> {
    const steps = [...this.#steps].reverse();
    return runEach([...steps, () => this.finish()]);
  }

  /**
   * Undoes an operation that has failed. Its own error is the one to report, so that errors of the
   * steps become warnings. Steps without promises have run when this returns.
   */
  async undoFailed(): Promise<void> {
    const steps = [...this.#steps].reverse();
    const errors = runAll([...steps, () => this.finish()]);
    for (const error of await errors) process.emitWarning(error as Error);
  }

  /** Ends an operation that has succeeded: nothing is undone any more. */
  finish(): void {
    this.#steps = [];
    for (const step of this.#always.splice(0).reverse()) step();
  }
}
