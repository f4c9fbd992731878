// A mount table, with its mounts by id, parent and path.
import type { InOptions } from '@ns/core';
import { parse } from '@ns/core/authors';
import { listMounts } from './list-mounts.js';
import type { MountInfo } from './mountinfo.js';

/** A difference between two mount tables; see {@link MountTable.diff}. */
export interface TableChange {
  kind: 'attached' | 'detached' | 'changed';
  /** The mount as it is, or as it was if it is gone. */
  mount: MountInfo;
  /** The mount before a change. */
  before?: MountInfo;
}

const NOWHERE = -1;

/**
 * The mounts of a namespace at one moment.
 *
 * @example
 * const table = MountTable.read();
 * table.find('/proc/self')?.type; // 'proc'
 */
export class MountTable {
  /** All mounts, in the order of the kernel's table. */
  readonly mounts: readonly MountInfo[];
  readonly #byId = new Map<number, MountInfo>();
  // For each mount, the mounts on it by their target. Mounts on one that the reader cannot see are under NOWHERE.
  readonly #below = new Map<number, Map<string, MountInfo>>();

  /** @param mounts of `listMounts()` or `statMounts()` */
  constructor(mounts: Iterable<MountInfo>) {
    this.mounts = [...mounts];
    for (const mount of this.mounts) this.#byId.set(mount.id, mount);
    for (const mount of this.mounts) {
      const parent = this.parent(mount)?.id ?? NOWHERE;
      const siblings = this.#below.get(parent) ?? new Map<string, MountInfo>();
      this.#below.set(parent, siblings.set(mount.target, mount));
    }
  }

  /** Reads the present table of the calling thread's mount namespace or, with `in`, of another one. */
  static read(options: InOptions = {}): MountTable {
    return new MountTable(listMounts(options));
  }

  /** Returns the mount with this number. */
  get(id: number): MountInfo | undefined {
    return this.#byId.get(id);
  }

  /** Returns the mount that this one is mounted on, if it is in the table. */
  parent(mount: MountInfo): MountInfo | undefined {
    return mount.parent === mount.id ? undefined : this.#byId.get(mount.parent);
  }

  /** Returns the mounts directly on this mount. Without a mount: the topmost ones. */
  children(mount?: MountInfo): MountInfo[] {
    return [...(this.#below.get(mount?.id ?? NOWHERE)?.values() ?? [])];
  }

  /**
   * Returns the mount that a path is on. Goes by names alone: the path must be absolute and without
   * links, as fs.realpath gives it.
   */
  find(path: string): MountInfo | undefined {
    const prefixes = prefixesOf(parse.absolutePath(path, 'path'));
    let current: MountInfo | undefined;
    // On the way down, the first mountpoint leads into another mount, which has its own on the rest.
    for (let at = 0; at < prefixes.length; ) {
      const next = this.#below.get(current?.id ?? NOWHERE)?.get(prefixes[at] as string);
      if (next) current = next;
      else at++;
    }
    return current;
  }

  /** True if a mount is at just this path, and visible there. */
  isMountPoint(path: string): boolean {
    return this.find(path)?.target === normalized(path);
  }

  /** True if the mount can be seen at its target; false if another one covers it. */
  isVisible(mount: MountInfo): boolean {
    return this.find(mount.target) === mount;
  }

  /** Returns the changes that lead from this table to a later one: what has gone, then the later mounts. */
  diff(after: MountTable): TableChange[] {
    const gone = this.mounts.filter(({ id }) => after.get(id) === undefined);
    const changes = [
      ...gone.flatMap((mount) => changesOf(mount, undefined)),
      ...after.mounts.flatMap((mount) => changesOf(this.get(mount.id), mount)),
    ];
    // A number that is free again may stand for another mount now.
    const isDetached = ({ kind }: TableChange) => kind === 'detached';
    return [...changes.filter(isDetached), ...changes.filter((one) => !isDetached(one))];
  }
}

function normalized(path: string): string {
  return path.replace(/\/+/g, '/').replace(/(?<=.)\/$/, '');
}

/** Returns the paths above a path, and itself: `/`, `/a` and `/a/b`. */
function prefixesOf(path: string): string[] {
  const prefixes = ['/'];
  const clean = normalized(path);
  for (let end = clean.indexOf('/', 1); end > 0; end = clean.indexOf('/', end + 1)) {
    prefixes.push(clean.slice(0, end));
  }
  if (clean !== '/') prefixes.push(clean);
  return prefixes;
}

/** True if a number still stands for the same mount: the kernel gives numbers anew. */
function isSame(one: MountInfo, other: MountInfo): boolean {
  if (one.uniqueId !== undefined && other.uniqueId !== undefined) {
    return one.uniqueId === other.uniqueId;
  }
  const { device, root, type, source } = one;
  return (
    device.major === other.device.major &&
    device.minor === other.device.minor &&
    root === other.root &&
    type === other.type &&
    source === other.source
  );
}

/** True if nothing has changed of a mount. */
function isUnchanged(one: MountInfo, other: MountInfo): boolean {
  return (
    one.parent === other.parent &&
    one.target === other.target &&
    one.peerGroup === other.peerGroup &&
    one.master === other.master &&
    one.unbindable === other.unbindable &&
    one.options.join() === other.options.join() &&
    one.superOptions.join() === other.superOptions.join()
  );
}

/** Returns the changes of a mount, or of the two that have had one number. */
export function changesOf(
  before: MountInfo | undefined,
  now: MountInfo | undefined,
): TableChange[] {
  if (before && now && isSame(before, now)) {
    return isUnchanged(before, now) ? [] : [{ kind: 'changed', mount: now, before }];
  }
  const changes: TableChange[] = [];
  if (before) changes.push({ kind: 'detached', mount: before });
  if (now) changes.push({ kind: 'attached', mount: now });
  return changes;
}
