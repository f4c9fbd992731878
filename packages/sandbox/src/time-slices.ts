// Long work in slices, so that the event loop turns meanwhile (SECURITY.md S6).
import { throwIfAborted } from '@ns/core/authors';

const SLICE_MS = 8;

/** Ends slices of work: at the end of one, the event loop runs once. */
export class TimeSlices {
  readonly #signal: AbortSignal | undefined;
  #since = performance.now();

  /** @param signal ends the work at the end of a slice */
  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /**
   * Lets the event loop run if the present slice is over.
   *
   * @throws an AbortError if the signal has fired
   */
  async take(): Promise<void> {
    if (performance.now() - this.#since < SLICE_MS) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    throwIfAborted(this.#signal);
    this.#since = performance.now();
  }
}
