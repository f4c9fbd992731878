// A mount table to ask questions of.
import { assertPath } from '../checks.js';
import type { Place } from '../perform.js';
import type { MountInfo } from './mountinfo.js';
import { mountinfo } from './read.js';

/** What has become of the mounts between two tables; see {@link MountTable.diff}. */
export interface TableChange {
  kind: 'attached' | 'detached' | 'changed';
  /** The mount as it is, or as it was if it is gone. */
  mount: MountInfo;
  /** What it was before, if it has changed. */
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
  // For each mount, what is mounted on it, by where. What the table's reader cannot see is nowhere.
  readonly #below = new Map<number, Map<string, MountInfo>>();

  /** @param mounts from `mountinfo()` or `statMounts()` */
  constructor(mounts: Iterable<MountInfo>) {
    this.mounts = [...mounts];
    for (const mount of this.mounts) this.#byId.set(mount.id, mount);
    for (const mount of this.mounts) {
      const parent = this.parent(mount)?.id ?? NOWHERE;
      const siblings = this.#below.get(parent) ?? new Map<string, MountInfo>();
      this.#below.set(parent, siblings.set(mount.target, mount));
    }
  }

  /** The present table of the calling thread's mount namespace or, with `in`, of another one. */
  static read(place: Place = {}): MountTable {
    return new MountTable(mountinfo(place));
  }

  /** The mount with this number. */
  get(id: number): MountInfo | undefined {
    return this.#byId.get(id);
  }

  /** The mount that this one is mounted on, if it is in the table. */
  parent(mount: MountInfo): MountInfo | undefined {
    return mount.parent === mount.id ? undefined : this.#byId.get(mount.parent);
  }

  /** What is mounted on this mount, directly. Without a mount: the topmost ones. */
  children(mount?: MountInfo): MountInfo[] {
    return [...(this.#below.get(mount?.id ?? NOWHERE)?.values() ?? [])];
  }

  /**
   * The mount that shows what is at this path. Goes by names alone: the path must be absolute and
   * without links, as fs.realpath gives it.
   */
  find(path: string): MountInfo | undefined {
    assertPath(path, 'path');
    if (!path.startsWith('/')) throw new TypeError(`path must begin with /: ${path}`);
    const prefixes = prefixesOf(path);
    let current: MountInfo | undefined;
    // On the way down, the first mountpoint leads into another mount, which has its own on the rest.
    for (let at = 0; at < prefixes.length; ) {
      const next = this.#below.get(current?.id ?? NOWHERE)?.get(prefixes[at] as string);
      if (next) current = next;
      else at++;
    }
    return current;
  }

  /** Whether something is mounted at just this path, and visible there. */
  isMountPoint(path: string): boolean {
    return this.find(path)?.target === normalized(path);
  }

  /** Whether the mount can be seen at its target, or is covered by another one. */
  isVisible(mount: MountInfo): boolean {
    return this.find(mount.target) === mount;
  }

  /** What has to happen to the mounts of this table to make those of a later one. */
  diff(after: MountTable): TableChange[] {
    const ids = new Set([...this.#byId.keys(), ...after.#byId.keys()]);
    const changes = [...ids].flatMap((id) => changesOf(this.get(id), after.get(id)));
    // A number that is free again may stand for another mount now.
    const isDetached = ({ kind }: TableChange) => kind === 'detached';
    return [...changes.filter(isDetached), ...changes.filter((one) => !isDetached(one))];
  }
}

function normalized(path: string): string {
  return path.replace(/\/+/g, '/').replace(/(?<=.)\/$/, '');
}

/** `/a/b` is below `/`, `/a` and `/a/b`. */
function prefixesOf(path: string): string[] {
  const prefixes = ['/'];
  const clean = normalized(path);
  for (let end = clean.indexOf('/', 1); end > 0; end = clean.indexOf('/', end + 1)) {
    prefixes.push(clean.slice(0, end));
  }
  if (clean !== '/') prefixes.push(clean);
  return prefixes;
}

/** Whether a number still stands for the same mount: numbers are given anew. */
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

/** Whether all is the same that can change of a mount. */
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

/** What has become of a mount, or of the two that have had one number. */
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
