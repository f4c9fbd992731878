// What has to be taken back if an operation of several steps fails.

/** A list of steps to take back, the latest first. */
export class Undo {
  readonly #onFailure: (() => void)[] = [];
  readonly #always: (() => void)[] = [];

  /** To be done on failure. Returns the step itself, to be done earlier; it is never done twice. */
  add(step: () => void): () => void {
    let due = true;
    const once = () => {
      if (!due) return;
      due = false;
      step();
    };
    this.#onFailure.push(once);
    return once;
  }

  /** To be done at the end, come what may. */
  always(step: () => void): void {
    this.#always.push(step);
  }

  /** The operation has failed. A step that fails itself is told of and keeps no other from its turn. */
  failed(): void {
    for (const step of this.#onFailure.splice(0).reverse()) {
      try {
        step();
      } catch (error) {
        process.emitWarning(error as Error);
      }
    }
    this.finished();
  }

  /** The operation is over. */
  finished(): void {
    for (const step of this.#always.splice(0).reverse()) step();
  }
}
