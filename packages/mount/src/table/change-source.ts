// The changes of a mount table, found by comparing tables.
import type { NamespaceTarget } from '@ns/core/authors';
import { readTable } from './list-mounts.js';
import { MountTable, type TableChange } from './mount-table.js';
import { parseMountinfo } from './mountinfo.js';
import { TableSignal } from './table-signal.js';

/** A source of a mount table's changes. */
export interface ChangeSource {
  /** Returns the changes since the last call. */
  take(): TableChange[];
  /** Keeps the event loop alive. */
  ref(): void;
  /** Lets the event loop end. */
  unref(): void;
  /** Closes all descriptors. */
  close(): void;
}

/** Begins to look for changes; `wake` is called on the event loop when there may be some. */
export type OpenSource = (target: NamespaceTarget | undefined, wake: () => void) => ChangeSource;

/** Compares whole tables whenever the kernel reports a change. Works with every kernel. */
class ComparedTables implements ChangeSource {
  readonly #signal: TableSignal;
  #before: MountTable;
  #due = true;

  constructor(target: NamespaceTarget | undefined, wake: () => void) {
    this.#signal = new TableSignal(target, () => {
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

/** Opens the source that compares tables. */
export const comparedTables: OpenSource = (target, wake) => new ComparedTables(target, wake);
