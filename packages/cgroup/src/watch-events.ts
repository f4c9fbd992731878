// Changes of control files that the kernel reports (cgroup.events, memory.events, ...): one inotify
// instance for all groups of this process, open while there are listeners.
import { Watch, type WatchSource } from '@ns/core';
import { type Members, parse } from '@ns/core/authors';
import {
  closeFd,
  duplicate,
  O_CLOEXEC,
  type Watch as Poll,
  watch as poll,
  syscall,
  trySyscall,
} from '@ns/core/sys';
import { ControlFiles } from './control-files.js';
import { type Counters, parseFlat } from './flat-keyed.js';

const IN_NONBLOCK = 0o4000;
const IN_MODIFY = 0x2;
const IN_DELETE = 0x200;
const IN_ONLYDIR = 0x1000000;
const IN_IGNORED = 0x8000;
const IN_Q_OVERFLOW = 0x4000;
const HEADER = 16;
const EAGAIN = 11;

/** Files whose changes the kernel reports. */
export type EventFile =
  | 'cgroup.events'
  | 'memory.events'
  | 'memory.events.local'
  | 'memory.swap.events'
  | 'pids.events'
  | 'misc.events';

type Listener = () => void;

/** A subscription to a file, until it is closed. */
interface Subscription {
  /** Keeps the event loop alive (the default). */
  ref(): void;
  /** Lets the event loop end. */
  unref(): void;
  /** Ends the subscription. A second call does nothing. */
  close(): void;
}

class Hub {
  readonly #fd = syscall('inotify_init1', O_CLOEXEC | IN_NONBLOCK);
  readonly #listeners = new Map<number, Map<symbol, Listener>>();
  readonly #holders = new Set<symbol>();
  readonly #watch: Poll;

  constructor() {
    this.#watch = poll(this.#fd, { readable: true }, () => this.#read());
  }

  get empty(): boolean {
    return this.#listeners.size === 0;
  }

  add(path: string, mask: number, key: symbol, listener: Listener): number {
    // A file watched twice has one number, and the kernel removes it at the first call.
    const wd = syscall('inotify_add_watch', this.#fd, path, mask);
    const known = this.#listeners.get(wd) ?? new Map<symbol, Listener>();
    known.set(key, listener);
    this.#listeners.set(wd, known);
    this.hold(key, true);
    return wd;
  }

  remove(wd: number, key: symbol): void {
    this.hold(key, false);
    const known = this.#listeners.get(wd);
    known?.delete(key);
    if (known?.size !== 0) return;
    this.#listeners.delete(wd);
    trySyscall('inotify_rm_watch', this.#fd, wd); // the kernel has removed it with the group
  }

  hold(key: symbol, held: boolean): void {
    if (held) this.#holders.add(key);
    else this.#holders.delete(key);
    if (this.#holders.size > 0) this.#watch.ref();
    else this.#watch.unref();
  }

  close(): void {
    this.#watch.close();
    closeFd(this.#fd);
  }

  #read(): void {
    const buffer = new DataView(new ArrayBuffer(65_536));
    const length = trySyscall('read', this.#fd, buffer, buffer.byteLength);
    if (length === -EAGAIN) return;
    const changed = new Set<Listener>();
    for (let at = 0; at < length; ) {
      const wd = buffer.getInt32(at, true);
      const mask = buffer.getUint32(at + 4, true);
      at += HEADER + buffer.getUint32(at + 12, true);
      const sets =
        (mask & IN_Q_OVERFLOW) !== 0 ? this.#listeners.values() : [this.#listeners.get(wd)];
      for (const set of sets) for (const listener of set?.values() ?? []) changed.add(listener);
      if ((mask & IN_IGNORED) !== 0) this.#listeners.delete(wd); // the group has been removed
    }
    for (const listener of changed) listener();
  }
}

let hub: Hub | undefined;

function subscribe(path: string, mask: number, listener: Listener): Subscription {
  hub ??= new Hub();
  const used = hub;
  const key = Symbol(path);
  let wd: number;
  try {
    wd = used.add(path, mask, key, listener);
  } catch (error) {
    if (used.empty) {
      used.close();
      hub = undefined;
    }
    throw error;
  }
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    used.remove(wd, key);
    if (!used.empty) return;
    used.close();
    if (hub === used) hub = undefined;
  };
  const hold = (held: boolean) => {
    if (open) used.hold(key, held);
  };
  return { ref: () => hold(true), unref: () => hold(false), close };
}

/** Calls back on the event loop whenever the kernel reports a change of a control file. */
export function watchFile(directory: number, file: string, listener: Listener): Subscription {
  return subscribe(`/proc/self/fd/${directory}/${file}`, IN_MODIFY, listener);
}

/**
 * Calls back on the event loop when a group of the same parent has been removed: the kernel reports the
 * removal of a group to its parent alone. Does not keep the event loop alive.
 */
export function watchRemovals(directory: number, listener: Listener): Subscription {
  const subscription = subscribe(`/proc/self/fd/${directory}/..`, IN_DELETE | IN_ONLYDIR, listener);
  subscription.unref();
  return subscription;
}

/** Options of {@link Cgroup.watchEvents}. */
export interface EventWatchOptions {
  /** Ends the watch: its reader gets an AbortError. */
  signal?: AbortSignal | undefined;
}

const parseWatch = parse.options({
  signal: parse.abortSignal,
} satisfies Members<EventWatchOptions>);

const eventFile = parse.oneOf(
  'cgroup.events',
  'memory.events',
  'memory.events.local',
  'memory.swap.events',
  'pids.events',
  'misc.events',
);

function openSource(group: ControlFiles, file: EventFile, wake: () => void): WatchSource<Counters> {
  // The caller may close its object before the watch.
  const files = new ControlFiles(group.path, duplicate(group.fd));
  let hasChanged = false;
  const subscriptions: Subscription[] = [];
  const close = () => {
    for (const subscription of subscriptions) subscription.close();
    files.close();
  };
  try {
    subscriptions.push(watchRemovals(files.fd, wake));
    subscriptions.push(
      watchFile(files.fd, file, () => {
        hasChanged = true;
        wake();
      }),
    );
  } catch (error) {
    close();
    throw error;
  }
  return {
    take: () => {
      if (files.isGone()) return undefined;
      if (!hasChanged) return [];
      hasChanged = false;
      const text = files.readIfThere(file);
      return text === undefined ? [] : [parseFlat(text)];
    },
    close,
    ref: () => subscriptions[1]?.ref(),
    unref: () => subscriptions[1]?.unref(),
  };
}

/** A watch of a control file: its numbers after each change. */
export class EventWatch extends Watch<Counters> {
  /** @internal */
  constructor(group: ControlFiles, file: EventFile, options: EventWatchOptions) {
    eventFile(file, 'file');
    super((wake) => openSource(group, file, wake), parseWatch(options).signal);
  }
}
