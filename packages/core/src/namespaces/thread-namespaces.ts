// Where the calling thread is: for each type, a descriptor of the namespace that it is in, by which
// it can come back. Kept while it is needed, because asking /proc costs more than two setns(2).
//
// Whoever moves the thread without telling (another native module) makes it come back to where it
// was before. unshare() and setns() of this package tell.
import { closeSync, openSync, readlinkSync } from 'node:fs';
import { allNamespaceTypes, type NamespaceType, namespaceTypes } from '../sys/namespace-types.js';
import { isMainThread } from '../sys/native.js';
import { ensurePoolThreads } from '../sys/pool.js';

/** Where the thread is, for one type. */
export interface Place {
  readonly type: NamespaceType;
  readonly flag: number;
  /** Descriptor of the namespace that the thread is in; -1 while it is not known. */
  here: number;
  /** Whether `here` is to be closed when it is no longer needed; else it is a handle's. */
  owned: boolean;
  /** How many enter() are under way. */
  depth: number;
  /** Handles that have entered and are still open: `here` is kept for them. */
  users: number;
  /** Whether unshare() or setns() has moved the thread for good. */
  moved: boolean;
}

// One for the thread, not one for each copy of this package that the thread has loaded. A Worker
// has a global object of its own.
const key = Symbol.for('@ns/core/places/1');
const shared = globalThis as { [key]?: Record<NamespaceType, Place> };

function create(): Record<NamespaceType, Place> {
  const places: Partial<Record<NamespaceType, Place>> = {};
  for (const type of allNamespaceTypes) {
    const { flag } = namespaceTypes[type];
    places[type] = { type, flag, here: -1, owned: false, depth: 0, users: 0, moved: false };
  }
  return places as Record<NamespaceType, Place>;
}

shared[key] ??= create();
const places = shared[key];

/** What new children of a thread will be in: of pid and time, only that can change. */
function fileOf(type: NamespaceType): string {
  const { file, forChildren } = namespaceTypes[type];
  return forChildren ?? file;
}

/** The calling thread's place of this type, kept up until {@link leavePlace}. */
export function takePlace(type: NamespaceType): Place {
  const place = places[type];
  place.users++;
  return place;
}

/** The counterpart of {@link takePlace}. */
export function leavePlace(place: Place): void {
  place.users--;
  if (place.users === 0 && place.depth === 0) forget(place);
}

/**
 * Finds out where the thread is, while it may still leave. Opened with node:fs, because Node closes
 * what a terminated Worker leaves open that way.
 */
export function find(place: Place): number {
  ensurePoolThreads();
  place.here = openSync(`/proc/thread-self/ns/${fileOf(place.type)}`, 'r');
  place.owned = true;
  return place.here;
}

/** Drops what is known, because it is not needed or no longer true. */
export function forget(place: Place): void {
  // Nobody comes back by it: an enter() that would is further in than this one, and over.
  if (place.owned) closeSync(place.here);
  place.here = -1;
  place.owned = false;
}

/** To be told when unshare() or setns() has moved the thread. */
export function hasMoved(types: Iterable<NamespaceType>): void {
  for (const type of types) {
    forget(places[type]);
    places[type].moved = true;
  }
}

/** A Worker is born into the namespaces of the thread that made it, which may have been away. */
function bornAway(): boolean {
  return allNamespaceTypes.some((type) => {
    const [mine, leaders] = ['thread-self', 'self'].map((of) => {
      try {
        return readlinkSync(`/proc/${of}/ns/${fileOf(type)}`);
      } catch {
        return ''; // this kernel has no such namespaces
      }
    });
    return mine !== leaders;
  });
}

let away: boolean | undefined = isMainThread ? false : undefined;

/**
 * Whether the calling thread is, or may be, in other namespaces than the rest of the process:
 * inside an `enter`, after `unshare` or `setns`, or as a Worker that was made by such a thread.
 * What runs on libuv's pool runs elsewhere then.
 */
export function isAway(): boolean {
  for (const type of allNamespaceTypes) {
    const { depth, moved } = places[type];
    if (depth > 0 || moved) return true;
  }
  away ??= bornAway();
  return away;
}
