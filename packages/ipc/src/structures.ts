// Structures of the kernel: struct shmid64_ds, semid64_ds, msqid64_ds and their permissions.

import { type Parsed, parse } from '@ns/core/authors';
import { mode } from './object-options.js';

/** Key, owner and permission bits of an object. */
export interface Permissions {
  /** The key by which it is found; 0 for a private object. */
  readonly key: number;
  /** Owner, in the reader's user namespace. */
  readonly uid: number;
  readonly gid: number;
  /** Creator. */
  readonly cuid: number;
  readonly cgid: number;
  /** Permission bits: 0o600. */
  readonly mode: number;
}

/** Changes of owner and permission bits. */
export type PermissionChanges = {
  readonly [Key in 'uid' | 'gid' | 'mode']?: number | undefined;
};

/** Size of the largest of the three, and more. */
export const STRUCTURE_SIZE = 128;

// struct ipc64_perm, with which each of them begins.
const PERMISSIONS = { key: 0, uid: 4, gid: 8, cuid: 12, cgid: 16, mode: 20 } as const;
const MODE_BITS = 0o777;

/** The parsers of permissions that IPC_SET changes. */
export const permissionMembers = { uid: parse.id, gid: parse.id, mode };

/** Parses changes of permissions. */
export const parsePermissions = parse.options(permissionMembers);

/** One of the structures. */
export class Structure {
  readonly bytes = new Uint8Array(STRUCTURE_SIZE);
  readonly #view = new DataView(this.bytes.buffer);

  int(offset: number): number {
    return this.#view.getInt32(offset, true);
  }

  /** Reads a count or size, which is far below 2^53. */
  long(offset: number): number {
    return Number(this.#view.getBigUint64(offset, true));
  }

  /** Reads a time in seconds; undefined for an event that has never happened. */
  date(offset: number): Date | undefined {
    return dateOf(this.long(offset));
  }

  setLong(offset: number, value: number): void {
    this.#view.setBigUint64(offset, BigInt(value), true);
  }

  get permissions(): Permissions {
    const field = (name: keyof typeof PERMISSIONS) => this.#view.getUint32(PERMISSIONS[name], true);
    return {
      key: field('key'),
      uid: field('uid'),
      gid: field('gid'),
      cuid: field('cuid'),
      cgid: field('cgid'),
      mode: field('mode') & MODE_BITS,
    };
  }

  /** Changes the permissions that IPC_SET takes. */
  change(changes: Parsed<typeof permissionMembers>): void {
    for (const name of ['uid', 'gid', 'mode'] as const) {
      const value = changes[name];
      if (value !== undefined) this.#view.setUint32(PERMISSIONS[name], value, true);
    }
  }
}

/** Returns the date of a time in seconds; undefined for 0, which means never. */
export function dateOf(seconds: number): Date | undefined {
  return seconds === 0 ? undefined : new Date(seconds * 1000);
}

/** Offsets of struct shmid64_ds. */
export const SHM = { size: 48, atime: 56, dtime: 64, ctime: 72, cpid: 80, lpid: 84, nattch: 88 };

/** Offsets of struct msqid64_ds. */
export const MSG = {
  stime: 48,
  rtime: 56,
  ctime: 64,
  cbytes: 72,
  qnum: 80,
  qbytes: 88,
  lspid: 96,
  lrpid: 100,
};

/** Offsets of struct semid64_ds: x86-64 has a gap behind each time. */
export const SEM =
  process.arch === 'x64'
    ? { otime: 48, ctime: 64, nsems: 80 }
    : { otime: 48, ctime: 56, nsems: 64 };

/** Commands of shmctl(2), semctl(2) and msgctl(2). */
export const IPC = {
  PRIVATE: 0,
  RMID: 0,
  SET: 1,
  STAT: 2,
  CREAT: 0o1000,
  EXCL: 0o2000,
  NOWAIT: 0o4000,
} as const;
