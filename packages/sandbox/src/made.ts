// What has been made, step by step, and is to be taken back in reverse (SECURITY.md S8).

/** Takes all steps, in this order. One that fails keeps no other from its turn; its error comes then. */
export async function takeAll(steps: readonly (() => unknown)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

/** What has been made so far, to be undone in reverse. */
export class Made {
  readonly #steps: (() => unknown)[] = [];

  add(step: () => unknown): void {
    this.#steps.push(step);
  }

  undo(): Promise<void> {
    return takeAll(this.#steps.splice(0).reverse());
  }

  /** The same because of a failure, whose error is the one that counts: others are warnings. */
  undoFailed(): Promise<void> {
    return this.undo().catch(process.emitWarning);
  }
}
