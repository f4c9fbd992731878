// Changes of a mount table as the kernel reports them, mount by mount.
import { isSystemError, Namespace } from '@ns/core';
import type { NamespaceTarget } from '@ns/core/authors';
import { closeFd, type Watch, watch } from '@ns/core/sys';
import { withNamespace } from '../run-in-namespace.js';
import { type ChangeSource, comparedTables, type OpenSource } from './change-source.js';
import { readTable } from './list-mounts.js';
import { MountEvents, openMountEvents, readMountEvents } from './mount-events.js';
import { changesOf, type TableChange } from './mount-table.js';
import { type MountInfo, parseMountinfo } from './mountinfo.js';
import { listIn, namespaceId, statIn } from './statmount.js';
import { TableSignal } from './table-signal.js';

/** Marks a mount namespace for events. Returns their queue, and the namespace's 64-bit id. */
function mark(target: NamespaceTarget | undefined): { queue: number; id: bigint } {
  if (target === undefined) {
    using own = Namespace.current('mount');
    return mark(own);
  }
  return withNamespace(target, (namespace) => {
    const id = namespaceId(namespace);
    return { queue: openMountEvents(namespace.fd), id };
  });
}

/** Returns a mount as it is seen from here; undefined if it is out of reach of the root directory. */
function seen(id: bigint, namespace: bigint): MountInfo | undefined {
  try {
    return statIn(id, namespace);
  } catch (error) {
    if (isSystemError(error, 'EPERM')) return undefined;
    throw error;
  }
}

/**
 * Looks only at the mounts that fanotify(7) names. It reports mounts attached, moved and detached, but
 * not those whose options or propagation have changed, or that have moved along with the one below. Of
 * these the table's signal says only that there are some: then all mounts are compared, once there are
 * no events left.
 */
class ReportedChanges implements ChangeSource {
  readonly #namespace: bigint;
  readonly #queue: number;
  readonly #signal: TableSignal;
  readonly #watch: Watch;
  readonly #known = new Map<bigint, MountInfo>();
  #events = new MountEvents();
  #due = true;

  constructor(target: NamespaceTarget | undefined, wake: () => void) {
    // Marked before the first look, so that nothing is missed in between.
    const { queue, id } = mark(target);
    this.#namespace = id;
    this.#queue = queue;
    try {
      this.#signal = new TableSignal(target, () => {
        this.#due = true;
        wake();
      });
    } catch (error) {
      closeFd(queue);
      throw error;
    }
    // Read at once, also without a reader: it stays readable otherwise.
    this.#watch = watch(queue, { readable: true }, () => {
      readMountEvents(queue, this.#events);
      wake();
    });
    this.#watch.unref();
    try {
      this.#look(listIn(id));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** True if the mounts are those of the table. A process with another root has others. */
  get matchesTable(): boolean {
    const mounts = parseMountinfo(readTable(this.#signal.table));
    const targets = new Map(mounts.map(({ id, target }) => [id, target]));
    const known = [...this.#known.values()];
    return (
      known.length === targets.size && known.every((one) => targets.get(one.id) === one.target)
    );
  }

  take(): TableChange[] {
    readMountEvents(this.#queue, this.#events);
    const { ids, overflowed } = this.#events;
    this.#events = new MountEvents();
    const reported = this.#look(ids);
    if (overflowed) this.#due = true;
    if (reported.length > 0 || !this.#due) return reported;
    this.#due = false;
    return this.#look(new Set([...this.#known.keys(), ...listIn(this.#namespace)]));
  }

  ref(): void {
    this.#signal.ref();
    this.#watch.ref();
  }

  unref(): void {
    this.#signal.unref();
    this.#watch.unref();
  }

  close(): void {
    this.#watch.close();
    this.#signal.close();
    closeFd(this.#queue);
  }

  /** Looks at these mounts. An id stands for the same mount for ever, so order does not matter. */
  #look(ids: Iterable<bigint>): TableChange[] {
    const changes: TableChange[] = [];
    for (const id of ids) {
      const before = this.#known.get(id);
      const now = seen(id, this.#namespace);
      if (now) this.#known.set(id, now);
      else this.#known.delete(id);
      changes.push(...changesOf(before, now));
    }
    return changes;
  }
}

/**
 * Errors without events: an older kernel (ENOTTY before Linux 6.11), a filter, missing privileges, or too
 * many watchers.
 */
const obstacles: ReadonlySet<string> = new Set([
  ...['EINVAL', 'ENOSYS', 'ENOTTY', 'EPERM', 'EACCES', 'EMFILE'],
]);

/** Opens the source that reads events; undefined if there are none, or not as `target` sees its mounts. */
export function reportedChanges(
  target: NamespaceTarget | undefined,
  wake: () => void,
): ChangeSource | undefined {
  try {
    const source = new ReportedChanges(target, wake);
    if (typeof target !== 'number' || source.matchesTable) return source;
    source.close();
    return undefined;
  } catch (error) {
    if (isSystemError(error) && obstacles.has(error.code)) return undefined;
    throw error;
  }
}

/** Opens the source that reads events where the kernel has them, else the one that compares tables. */
export const anyChanges: OpenSource = (target, wake) =>
  reportedChanges(target, wake) ?? comparedTables(target, wake);
