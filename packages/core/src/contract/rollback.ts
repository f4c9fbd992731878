// What has to be taken back if an operation of several steps fails (SECURITY.md S8).

/** A step; if it gives a promise, that is the one of its end. */
type Step = () => unknown;

/** A step that fails itself is told of, and keeps no other from its turn. */
function told(step: Step): unknown {
  try {
    const done = step();
    return done instanceof Promise ? done.catch(process.emitWarning) : done;
  } catch (error) {
    process.emitWarning(error as Error);
    return undefined;
  }
}

/** A list of steps to take back, the latest first. */
export class Undo {
  readonly #onFailure: Step[] = [];
  readonly #always: (() => void)[] = [];

  /** To be done on failure. Returns the step itself, to be done earlier; it is never done twice. */
  add(step: Step): Step {
    let due = true;
    const once = () => {
      if (!due) return undefined;
      due = false;
      return step();
    };
    this.#onFailure.push(once);
    return once;
  }

  /** To be done at the end, come what may. */
  always(step: () => void): void {
    this.#always.push(step);
  }

  /** The operation has failed. All steps begin at once; resolves when those that take time have ended. */
  async failed(): Promise<void> {
    const ends = this.#onFailure.splice(0).reverse().map(told);
    this.finished();
    await Promise.all(ends);
  }

  /** The operation is over. */
  finished(): void {
    for (const step of this.#always.splice(0).reverse()) step();
  }
}
