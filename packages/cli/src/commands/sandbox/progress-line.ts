// Progress on a terminal: one line that is rewritten, and cleared at the end.
import { writeSync } from 'node:fs';

const STDERR = 2;
const CLEAR = '\r\x1b[K';

/** A line of progress. Nothing is written if standard error is not a terminal. */
export class ProgressLine {
  readonly #task: string;
  #shown = '';

  constructor(task: string) {
    this.#task = task;
  }

  /** Shows the part that is done, in percent. */
  show(done: number, whole: number): void {
    if (!process.stderr.isTTY) return;
    const percent = whole === 0 ? 100 : Math.floor((100 * done) / whole);
    const line = `${this.#task}: ${percent} %`;
    if (line === this.#shown) return;
    this.#shown = line;
    writeSync(STDERR, `${CLEAR}${line}`);
  }

  /** Clears the line. */
  clear(): void {
    if (this.#shown !== '') writeSync(STDERR, CLEAR);
    this.#shown = '';
  }
}
