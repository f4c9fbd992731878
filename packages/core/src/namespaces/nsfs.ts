// What the kernel tells about an open namespace (a descriptor of nsfs): the ioctls of ioctl_nsfs(2).
import { fstatSync, readlinkSync } from 'node:fs';
import { allNamespaceTypes, type NamespaceType, namespaceTypes } from '../sys/namespace-types.js';
import { syscall, trySyscall } from '../sys/syscall.js';
import { SystemError } from '../sys/system-error.js';

const NS_GET_USERNS = 0xb701;
const NS_GET_PARENT = 0xb702;
const NS_GET_NSTYPE = 0xb703;
const NS_GET_OWNER_UID = 0xb704;
const NS_GET_ID = 0x8008_b70d;

const NSFS_MAGIC = 0x6e73_6673;
const EPERM = 1;

/**
 * Identity of a namespace. Two handles are of the same namespace if and only if both numbers are
 * equal; the kernel may give the inode to another namespace once this one is gone.
 * @see namespaces(7)
 */
export interface NamespaceId {
  /** Device of nsfs, the file system that all namespaces are files of. */
  readonly dev: bigint;
  /** Inode: the number in `net:[4026531840]`. */
  readonly ino: bigint;
}

/** Returns true for a descriptor of nsfs. Other files give the ioctls another meaning. */
export function isNsfs(fd: number): boolean {
  const info = new DataView(new ArrayBuffer(120));
  syscall('fstatfs', fd, info);
  return info.getBigInt64(0, true) === BigInt(NSFS_MAGIC);
}

/** Type of an open namespace; undefined if the descriptor is of something else. */
export function typeOfNsfs(fd: number): NamespaceType | undefined {
  if (!isNsfs(fd)) return undefined;
  const flag = syscall('ioctl', fd, NS_GET_NSTYPE);
  return allNamespaceTypes.find((type) => namespaceTypes[type].flag === flag);
}

/** Returns its name in messages: `net:[4026531840]`. */
export function nameOfNsfs(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return `descriptor ${fd}`; // no /proc here
  }
}

/** Device and inode. */
export function idOfNsfs(fd: number): NamespaceId {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return Object.freeze({ dev, ino });
}

/** The 64-bit id that is never used twice; undefined before Linux 6.18. */
export function uniqueIdOfNsfs(fd: number): bigint | undefined {
  const id = new BigUint64Array(1);
  return trySyscall('ioctl', fd, NS_GET_ID, id) < 0 ? undefined : id[0];
}

function related(fd: number, request: number): number | null {
  const result = trySyscall('ioctl', fd, request);
  if (result === -EPERM) return null; // beyond the namespaces that the caller can see
  if (result < 0) throw new SystemError(-result, 'ioctl', [fd, request]);
  return result; // close-on-exec already
}

/** A new descriptor of the parent; null if it is out of sight or there is none. */
export function openParent(fd: number): number | null {
  return related(fd, NS_GET_PARENT);
}

/** A new descriptor of the owning user namespace; null if it is out of sight. */
export function openOwner(fd: number): number | null {
  return related(fd, NS_GET_USERNS);
}

/** Uid of the creator of a user namespace, as the caller's own user namespace maps it. */
export function ownerUidOfNsfs(fd: number): number {
  const uid = new Uint32Array(1);
  syscall('ioctl', fd, NS_GET_OWNER_UID, uid);
  return uid[0] as number;
}
