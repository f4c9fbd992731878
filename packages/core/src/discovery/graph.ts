// What a discovery gives: namespaces that know each other.

import type { NamespaceId } from '../namespaces/nsfs.js';
import { type NamespaceType, namespaceTypes } from '../sys/namespace-types.js';
import type { Container } from './container.js';
import type { Holder } from './entry.js';

/** A path under which a namespace can be opened, in the root of the mount namespace it is mounted in. */
export interface NamespacePath {
  readonly path: string;
  /** The mount namespace; what is mounted in the caller's own can be opened by the path as it is. */
  readonly mountNamespace: DiscoveredNamespace;
}

/** A namespace, and how it is connected. Numbers of tasks are those of /proc's pid namespace, ascending. */
export interface DiscoveredNamespace {
  readonly type: NamespaceType;
  /** Identity: device and inode. */
  readonly id: NamespaceId;
  /** The kernel's 64-bit id, which is never used twice; undefined before Linux 6.18, or if it could not be opened. */
  readonly nsid: bigint | undefined;
  /** True if the kernel made it at the start of the machine. */
  readonly isInitial: boolean;
  /** Processes whose main thread is in it. */
  readonly processes: readonly number[];
  /** Other threads in it whose main thread is elsewhere. */
  readonly threads: readonly number[];
  /** Tasks that are elsewhere themselves, but whose new children will be in it (pid and time). */
  readonly forChildren: readonly number[];
  /** The first of these tasks; null if there is none. */
  readonly pid: number | null;
  /** Parent of that task. */
  readonly ppid: number | null;
  /** Effective user of that task. */
  readonly uid: number | null;
  /** Command line of that task, or its name in brackets. */
  readonly command: string | null;
  /** The container or systemd unit of that task, by its cgroup; null for initial namespaces. */
  readonly container: Container | null;
  /** A path that leads to it as seen from here: of a task, a mount or a descriptor. */
  readonly path: string | null;
  /** Where it is mounted, in any mount namespace. */
  readonly paths: readonly NamespacePath[];
  /** Descriptors of it that processes have open. */
  readonly descriptors: readonly Holder[];
  /** Sockets that live in it, of processes that are elsewhere (net). */
  readonly sockets: readonly Holder[];
  /** The parent of a pid or user namespace; null if there is none in sight. */
  readonly parent: DiscoveredNamespace | null;
  /** Pid and user namespaces whose parent this is. */
  readonly children: readonly DiscoveredNamespace[];
  /** The user namespace that owns it: of a user namespace, its parent. Null if there is none in sight. */
  readonly owner: DiscoveredNamespace | null;
  /** The namespaces that this user namespace owns. */
  readonly owned: readonly DiscoveredNamespace[];
  /** Uid of the maker of this user namespace; for the other types, of its owner. Null if out of sight. */
  readonly creatorUid: number | null;
  /** The number by which the caller's network namespace knows this one (net); null if it has none. */
  readonly netnsid: number | null;
  /** As the kernel writes it: `net:[4026531840]`. */
  toString(): string;
  /** Plain data: other namespaces by their inodes. */
  toJSON(): NamespaceJSON;
}

/** A {@link DiscoveredNamespace} as plain data: other namespaces by their inodes. */
export interface NamespaceJSON
  extends Omit<
    DiscoveredNamespace,
    'id' | 'nsid' | 'paths' | 'parent' | 'children' | 'owner' | 'owned' | 'toString' | 'toJSON'
  > {
  readonly inode: number;
  readonly device: number;
  /** As text, because it has 64 bits. */
  readonly nsid: string | null;
  readonly paths: readonly { readonly path: string; readonly mountNamespace: number }[];
  readonly parent: number | null;
  readonly children: readonly number[];
  readonly owner: number | null;
  readonly owned: readonly number[];
}

/** The parts that the caller may not see: there may be more namespaces than were found. */
export interface Hidden {
  /** Processes whose namespaces cannot be seen: they need CAP_SYS_PTRACE, or even more than they have. */
  readonly processes: readonly number[];
  /** Processes whose descriptors cannot be seen; those of `processes` are not repeated. */
  readonly descriptors: readonly number[];
  /** Processes with sockets whose namespaces are not known: that needs CAP_NET_ADMIN there. */
  readonly sockets: readonly number[];
  /** Mount namespaces (inodes) whose mounts could not be looked through. */
  readonly mounts: readonly number[];
  /** Namespaces (inodes) whose parent or owner is beyond the caller's own, or that could not be opened. */
  readonly relatives: readonly number[];
}

/** A {@link NamespaceGraph} as plain data. */
export interface NamespaceGraphJSON {
  readonly namespaces: readonly NamespaceJSON[];
  readonly hidden: Hidden;
}

const inodeOf = ({ id }: DiscoveredNamespace) => Number(id.ino);

/** Gives a namespace its ways to be written. */
export function writable(
  facts: Omit<DiscoveredNamespace, 'toString' | 'toJSON'>,
): DiscoveredNamespace {
  return Object.defineProperties(facts as DiscoveredNamespace, {
    toString: {
      value: () => `${namespaceTypes[facts.type].file}:[${facts.id.ino}]`,
    },
    toJSON: {
      value: (): NamespaceJSON => {
        const { id, nsid, paths, parent, children, owner, owned, type, ...rest } = facts;
        return {
          type,
          inode: Number(id.ino),
          device: Number(id.dev),
          nsid: nsid === undefined ? null : String(nsid),
          ...rest,
          paths: paths.map(({ path, mountNamespace }) => ({
            path,
            mountNamespace: inodeOf(mountNamespace),
          })),
          parent: parent && inodeOf(parent),
          children: children.map(inodeOf),
          owner: owner && inodeOf(owner),
          owned: owned.map(inodeOf),
        };
      },
    },
  });
}

/** The namespaces of the machine at one moment. */
export class NamespaceGraph {
  /** Those that were asked for, ordered by type and inode. The others are reachable from them. */
  readonly namespaces: readonly DiscoveredNamespace[];
  /** The parts that could not be seen. */
  readonly hidden: Hidden;
  readonly #all: ReadonlyMap<number, DiscoveredNamespace>;

  constructor(
    all: readonly DiscoveredNamespace[],
    wanted: (namespace: DiscoveredNamespace) => boolean,
    hidden: Hidden,
  ) {
    this.#all = new Map(all.map((one) => [inodeOf(one), one]));
    this.namespaces = all.filter(wanted);
    this.hidden = hidden;
  }

  /** The namespace with this inode or identity, whether it was asked for or not. */
  get(id: number | bigint | NamespaceId): DiscoveredNamespace | undefined {
    return this.#all.get(Number(typeof id === 'object' ? id.ino : id));
  }

  /**
   * The tops of the trees of {@link namespaces}: those whose parent, or owner, is not among them.
   * Go on with `children`, or `owned`.
   */
  roots(relation: 'parent' | 'owner'): DiscoveredNamespace[] {
    if (relation !== 'parent' && relation !== 'owner') {
      throw new TypeError(`relation must be 'parent' or 'owner': ${String(relation)}`);
    }
    const listed = new Set(this.namespaces);
    return this.namespaces.filter((one) => {
      const above = one[relation];
      return above === null || !listed.has(above);
    });
  }

  /** Plain data, as JSON takes it. */
  toJSON(): NamespaceGraphJSON {
    return { namespaces: this.namespaces.map((one) => one.toJSON()), hidden: this.hidden };
  }

  /** All of them. */
  [Symbol.iterator](): Iterator<DiscoveredNamespace> {
    return this.namespaces.values();
  }
}
