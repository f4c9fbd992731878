// What is known of the namespaces while the search goes on.
import { fstatSync } from 'node:fs';
import {
  openOwner,
  openParent,
  ownerUidOfNsfs,
  typeOfNsfs,
  uniqueIdOfNsfs,
} from '../namespaces/nsfs.js';
import { closeFd } from '../sys/fd.js';
import type { NamespaceType } from '../sys/namespace-types.js';
import { mountTableId } from './mount-table.js';

/** A descriptor that keeps a namespace alive. */
export interface Holder {
  readonly pid: number;
  readonly fd: number;
}

/** A place where a namespace is mounted. */
export interface Pin {
  readonly path: string;
  /** Inode of the mount namespace in which it is mounted there. */
  readonly mountNamespace: number;
  /** A task in there; 0 if there is none. */
  readonly task: number;
}

/** A namespace that has been found. */
export interface Entry {
  readonly type: NamespaceType;
  readonly inode: number;
  processes: readonly number[];
  threads: readonly number[];
  forChildren: readonly number[];
  readonly descriptors: Holder[];
  readonly sockets: Holder[];
  readonly pins: Pin[];
  /** True if the members below are known. */
  examined: boolean;
  uniqueId: bigint | undefined;
  /** Of a mount namespace: what listmount(2) knows it by. */
  mountTable: bigint | undefined;
  /** Null if it is out of sight. */
  parent: Entry | null;
  owner: Entry | null;
  /** Of a user namespace: who made it. */
  creatorUid: number | null;
  netnsid: number | null;
}

/** All that has been found, by inode: the namespaces of all types are files of one file system. */
export class Entries {
  readonly #byInode = new Map<number, Entry>();
  readonly #netnsid: (fd: number) => number | null;

  constructor(netnsid: (fd: number) => number | null) {
    this.#netnsid = netnsid;
  }

  get all(): readonly Entry[] {
    return [...this.#byInode.values()];
  }

  /** Forgets what has ended meanwhile. */
  delete(entry: Entry): void {
    this.#byInode.delete(entry.inode);
  }

  /** The entry of a namespace, made if it is new. */
  add(type: NamespaceType, inode: number): Entry {
    let entry = this.#byInode.get(inode);
    if (!entry) {
      entry = {
        type,
        inode,
        processes: [],
        threads: [],
        forChildren: [],
        descriptors: [],
        sockets: [],
        pins: [],
        examined: false,
        uniqueId: undefined,
        mountTable: undefined,
        parent: null,
        owner: null,
        creatorUid: null,
        netnsid: null,
      };
      this.#byInode.set(inode, entry);
    }
    return entry;
  }

  /**
   * The entry of an open namespace, examined together with all its ancestors and owners. Closes the
   * descriptor.
   */
  take(fd: number, known?: NamespaceType): Entry {
    try {
      const inode = fstatSync(fd).ino;
      const type = this.#byInode.get(inode)?.type ?? known ?? typeOfNsfs(fd);
      if (type === undefined) throw new TypeError(`descriptor ${fd} is not a namespace`);
      const entry = this.add(type, inode);
      if (!entry.examined) this.#examine(entry, fd);
      return entry;
    } finally {
      closeFd(fd);
    }
  }

  #examine(entry: Entry, fd: number): void {
    entry.examined = true;
    entry.uniqueId = uniqueIdOfNsfs(fd);
    const owner = openOwner(fd);
    if (owner !== null) entry.owner = this.take(owner, 'user');
    if (entry.type === 'user') {
      entry.parent = entry.owner;
      entry.creatorUid = ownerUidOfNsfs(fd);
    } else if (entry.type === 'pid') {
      const parent = openParent(fd);
      if (parent !== null) entry.parent = this.take(parent, 'pid');
    } else if (entry.type === 'net') {
      entry.netnsid = this.#netnsid(fd);
    } else if (entry.type === 'mount') {
      entry.mountTable = mountTableId(fd);
    }
  }
}
