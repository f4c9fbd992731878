// How far something has come, on a terminal: one line that is rewritten, and gone in the end.
import { writeSync } from 'node:fs';

const STDERR = 2;
const CLEAR = '\r\x1b[K';

/** A line of progress; nothing where nobody looks. */
export class ProgressLine {
  readonly #what: string;
  #shown = '';

  constructor(what: string) {
    this.#what = what;
  }

  /** Says how much of the whole is done. */
  show(done: number, whole: number): void {
    if (!process.stderr.isTTY) return;
    const percent = whole === 0 ? 100 : Math.floor((100 * done) / whole);
    const line = `${this.#what}: ${percent} %`;
    if (line === this.#shown) return;
    this.#shown = line;
    writeSync(STDERR, `${CLEAR}${line}`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#shown !== '') writeSync(STDERR, CLEAR);
    this.#shown = '';
  }
}
