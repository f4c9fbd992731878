// Changes of a mount table as the kernel reports them, mount by mount.
import { isSystemError, Namespace } from '@ns/core';
import { closeFd, type Watch, watch } from '@ns/core/sys';
import type { Place } from '../perform.js';
import { MountEvents, openMountEvents, readMountEvents } from './events.js';
import { type MountInfo, parseMountinfo } from './mountinfo.js';
import { readTable } from './read.js';
import { TableSignal } from './signal.js';
import { type ChangeSource, comparedTables, type OpenSource } from './source.js';
import { listIn, namespaceId, statIn } from './statmount.js';
import { changesOf, type TableChange } from './table.js';

/** Marks a mount namespace for events, and gives its 64-bit id. */
function mark({ in: place }: Place): { queue: number; id: bigint } {
  if (Namespace.isNamespace(place)) {
    const id = namespaceId({ in: place });
    return { queue: openMountEvents(place.fd), id };
  }
  using namespace = place === undefined ? Namespace.current('mount') : Namespace.of(place, 'mount');
  return mark({ in: namespace });
}

/** The mount as it is seen from here: not at all if it is out of reach of the root directory. */
function seen(id: bigint, namespace: bigint): MountInfo | undefined {
  try {
    return statIn(id, namespace);
  } catch (error) {
    if (isSystemError(error, 'EPERM')) return undefined;
    throw error;
  }
}

/**
 * Asks only for the mounts that fanotify(7) names. It tells of mounts attached, moved and detached, but
 * not of those whose options or propagation have changed, or that have moved along with the one
 * below. Of these the table's signal tells that there are some: then all mounts are compared, once
 * there are no events left.
 */
class ReportedChanges implements ChangeSource {
  readonly #namespace: bigint;
  readonly #queue: number;
  readonly #signal: TableSignal;
  readonly #watch: Watch;
  readonly #known = new Map<bigint, MountInfo>();
  #events = new MountEvents();
  #due = true;

  constructor(place: Place, wake: () => void) {
    // Marked before the first look, so that nothing is missed in between.
    const { queue, id } = mark(place);
    this.#namespace = id;
    this.#queue = queue;
    try {
      this.#signal = new TableSignal(place, () => {
        this.#due = true;
        wake();
      });
    } catch (error) {
      closeFd(queue);
      throw error;
    }
    // Read at once, whether or not somebody asks for changes: it stays readable otherwise.
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

  /** Whether the mounts are those of the table: they are not for a process with another root. */
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

  /** Asks for these mounts. What an id stands for never changes, so order does not matter. */
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

/** Why events may be not to be had: the kernel, a filter, privileges, or too many watchers already. */
const obstacles: ReadonlySet<string> = new Set(['EINVAL', 'ENOSYS', 'EPERM', 'EACCES', 'EMFILE']);

/** Changes by events; undefined if they are not to be had, or not as `place` sees its mounts. */
export function reportedChanges(place: Place, wake: () => void): ChangeSource | undefined {
  try {
    const source = new ReportedChanges(place, wake);
    if (typeof place.in !== 'number' || source.matchesTable) return source;
    source.close();
    return undefined;
  } catch (error) {
    if (isSystemError(error) && obstacles.has(error.code)) return undefined;
    throw error;
  }
}

/** Changes by events where the kernel has them, else by comparing tables. */
export const anyChanges: OpenSource = (place, wake) =>
  reportedChanges(place, wake) ?? comparedTables(place, wake);
