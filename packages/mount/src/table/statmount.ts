// statmount(2) and listmount(2): the kernel describes single mounts, without a whole table.
import { type InOptions, type Namespace, SystemError } from '@ns/core';
import { AT, type NamespaceTarget, parse } from '@ns/core/authors';
import { syscall, trySyscall } from '@ns/core/sys';
import { attributesOf } from '../attributes.js';
import { parseIn, withNamespace } from '../run-in-namespace.js';
import { type MountInfo, unescaped } from './mountinfo.js';

const STATMOUNT_MASK = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20 | 0x80 | 0x100 | 0x200;
const SB_BASIC = 0x1;
const LSMT_ROOT = 0xffff_ffff_ffff_ffffn;
const STATX_MNT_ID_UNIQUE = 0x4000;
const NS_GET_MNTNS_ID = 0x8008_b705;
const EOVERFLOW = 75;
const ENOENT = 2;
const FIXED = 512;
const BATCH = 512;

// Offsets in struct statmount.
const OFFSET = {
  mask: 8,
  major: 16,
  minor: 20,
  superFlags: 32,
  type: 36,
  id: 40,
  parent: 48,
  oldId: 56,
  oldParent: 60,
  attributes: 64,
  propagation: 72,
  peerGroup: 80,
  master: 88,
  propagateFrom: 96,
  root: 104,
  target: 108,
  subtype: 120,
  source: 124,
} as const;

// Flags of a super block, and bits of `propagation`.
const SB_OPTIONS: readonly (readonly [bit: number, name: string])[] = [
  [0x10, 'sync'],
  [0x80, 'dirsync'],
  [0x0200_0000, 'lazytime'],
];
const MS_UNBINDABLE = 1 << 17;

/** Returns a struct mnt_id_req. */
function request(id: bigint, parameter: bigint, namespace: bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(32));
  // The first version had no namespace.
  view.setUint32(0, namespace === 0n ? 24 : 32, true);
  view.setBigUint64(8, id, true);
  view.setBigUint64(16, parameter, true);
  view.setBigUint64(24, namespace, true);
  return new Uint8Array(view.buffer);
}

/** Returns the 64-bit id of a mount namespace, as statmount(2) takes it. Linux 6.11. */
export function namespaceId(namespace: Namespace): bigint {
  const id = new BigUint64Array(1);
  syscall('ioctl', namespace.fd, NS_GET_MNTNS_ID, id);
  return id[0] as bigint;
}

/** The id that means the mount namespace of the calling thread. */
const OWN = 0n;

function targetId(target: NamespaceTarget | undefined): bigint {
  return target === undefined ? OWN : withNamespace(target, namespaceId);
}

/** Returns attributes as the options that mountinfo names. */
function optionsOf(bits: number): string[] {
  const { readonly, atime, ...flags } = attributesOf(bits);
  const names = Object.entries(flags).filter(([, on]) => on);
  return [
    readonly ? 'ro' : 'rw',
    ...names.map(([name]) => name),
    ...(atime === 'strictatime' ? [] : [atime]),
  ];
}

function decode(bytes: Buffer): MountInfo {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mask = view.getBigUint64(OFFSET.mask, true);
  const word = (offset: number) => view.getUint32(offset, true);
  const long = (offset: number) => Number(view.getBigUint64(offset, true));
  const text = (offset: number) => {
    const start = FIXED + word(offset);
    return bytes.toString('utf8', start, bytes.indexOf(0, start));
  };
  const has = (bit: number) => (mask & BigInt(bit)) !== 0n;
  const group = (name: 'peerGroup' | 'master' | 'propagateFrom', offset: number) =>
    long(offset) === 0 ? {} : { [name]: long(offset) };
  const superFlags = has(SB_BASIC) ? word(OFFSET.superFlags) : 0;
  const subtype = has(0x100) ? text(OFFSET.subtype) : '';
  return {
    id: word(OFFSET.oldId),
    uniqueId: view.getBigUint64(OFFSET.id, true),
    parent: word(OFFSET.oldParent),
    device: { major: word(OFFSET.major), minor: word(OFFSET.minor) },
    root: text(OFFSET.root),
    target: text(OFFSET.target),
    options: optionsOf(long(OFFSET.attributes)),
    ...group('peerGroup', OFFSET.peerGroup),
    ...group('master', OFFSET.master),
    ...group('propagateFrom', OFFSET.propagateFrom),
    unbindable: (long(OFFSET.propagation) & MS_UNBINDABLE) !== 0,
    type: subtype === '' ? text(OFFSET.type) : `${text(OFFSET.type)}.${subtype}`,
    source: has(0x200) ? text(OFFSET.source) : '',
    superOptions: [
      (superFlags & 1) !== 0 ? 'ro' : 'rw',
      ...SB_OPTIONS.filter(([bit]) => (superFlags & bit) !== 0).map(([, name]) => name),
      ...(has(0x80) ? optionText(bytes, view) : []),
    ],
  };
}

/** Returns the file system's own options, which the kernel gives as one text. */
function optionText(bytes: Buffer, view: DataView): string[] {
  const start = FIXED + view.getUint32(4, true);
  const text = bytes.toString('utf8', start, bytes.indexOf(0, start));
  return text === '' ? [] : unescaped(text).split(',');
}

// Grows to what the largest mount so far has needed.
let memory = Buffer.allocUnsafeSlow(2048);

/** Returns a mount of the namespace with this id; undefined if there is none. */
export function statIn(id: bigint, namespace: bigint): MountInfo | undefined {
  const asked = request(id, BigInt(STATMOUNT_MASK), namespace);
  for (;;) {
    const result = trySyscall('statmount', asked, memory, memory.length, 0);
    if (result === 0) return decode(memory);
    if (result === -ENOENT) return undefined;
    if (result !== -EOVERFLOW) {
      throw new SystemError(-result, 'statmount', [id, STATMOUNT_MASK, namespace]);
    }
    memory = Buffer.allocUnsafeSlow(memory.length * 2);
  }
}

/**
 * `statmount(id)`: returns a mount by its unique id; undefined if there is none. Linux 6.8; `in` 6.11;
 * `source` 6.13.
 *
 * @throws {SystemError} ENOSYS before Linux 6.8; EPERM for a mount out of reach of the root directory
 * @see statmount(2)
 */
export function statMount(uniqueId: bigint, options: InOptions = {}): MountInfo | undefined {
  if (typeof uniqueId !== 'bigint') parse.refuse('uniqueId', 'a bigint', uniqueId);
  return statIn(uniqueId, targetId(parseIn(options).in));
}

/**
 * Returns the mount that a path is on, in microseconds however many mounts there are. Links are
 * followed. Linux 6.8; see {@link MountTable.find} for older ones.
 *
 * @throws {SystemError} ENOENT without such a path; ENOSYS before Linux 6.8
 * @see statx(2), statmount(2)
 */
export function statMountAt(path: string): MountInfo {
  const target = parse.path(path, 'path');
  const view = new DataView(new ArrayBuffer(256));
  for (;;) {
    syscall('statx', AT.FDCWD, target, 0, STATX_MNT_ID_UNIQUE, view);
    const found = statIn(view.getBigUint64(0x90, true), OWN);
    if (found) return found; // else it was unmounted in between
  }
}

/**
 * `listmount(LSMT_ROOT)`: lists the unique ids of all mounts below the root directory, in the order in
 * which they were made. Linux 6.8; `in` 6.11, with CAP_SYS_ADMIN over another namespace.
 *
 * @throws {SystemError} ENOSYS before Linux 6.8; EPERM without the privilege over another namespace
 * @see listmount(2)
 */
export function listMountIds(options: InOptions = {}): bigint[] {
  return listIn(targetId(parseIn(options).in));
}

/** Returns the ids of the mounts of the namespace with this id. */
export function listIn(namespace: bigint): bigint[] {
  const ids: bigint[] = [];
  const batch = new BigUint64Array(BATCH);
  for (let last = 0n; ; last = ids.at(-1) ?? 0n) {
    const count = syscall('listmount', request(LSMT_ROOT, last, namespace), batch, BATCH, 0);
    ids.push(...batch.subarray(0, count));
    if (count < BATCH) return ids;
  }
}

/**
 * Returns all mounts by listmount(2) and statmount(2), as {@link listMounts} does but with their unique
 * ids. Linux 6.8; `in` 6.11.
 */
export function statMounts(options: InOptions = {}): MountInfo[] {
  const namespace = targetId(parseIn(options).in);
  return listIn(namespace)
    .map((id) => statIn(id, namespace))
    .filter((mount) => mount !== undefined);
}
