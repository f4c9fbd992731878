// Where the changes of a mount table come from.
import type { Place } from '../perform.js';
import { parseMountinfo } from './mountinfo.js';
import { readTable } from './read.js';
import { TableSignal } from './signal.js';
import { MountTable, type TableChange } from './table.js';

/** Tells changes of a mount table. */
export interface ChangeSource {
  /** What has changed since the last call. */
  take(): TableChange[];
  /** Keeps the event loop alive from here on, or does not. */
  ref(): void;
  unref(): void;
  close(): void;
}

/** Begins to look for changes; `wake` is called on the event loop when there may be some. */
export type OpenSource = (place: Place, wake: () => void) => ChangeSource;

/** Compares whole tables whenever the kernel says that something has changed. Works everywhere. */
class ComparedTables implements ChangeSource {
  readonly #signal: TableSignal;
  #before: MountTable;
  #due = true;

  constructor(place: Place, wake: () => void) {
    this.#signal = new TableSignal(place, () => {
      this.#due = true;
      wake();
    });
    try {
      this.#before = this.#read();
    } catch (error) {
      this.#signal.close();
      throw error;
    }
  }

  take(): TableChange[] {
    if (!this.#due) return [];
    this.#due = false;
    const after = this.#read();
    const changes = this.#before.diff(after);
    this.#before = after;
    return changes;
  }

  ref(): void {
    this.#signal.ref();
  }

  unref(): void {
    this.#signal.unref();
  }

  close(): void {
    this.#signal.close();
  }

  #read(): MountTable {
    return new MountTable(parseMountinfo(readTable(this.#signal.table)));
  }
}

/** Changes by comparing tables. */
export const comparedTables: OpenSource = (place, wake) => new ComparedTables(place, wake);
