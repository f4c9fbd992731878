// The mounts of a mount namespace that no process is in, as listmount and statmount tell them.
import { trySyscall } from '../sys/syscall.js';
import { type MountedNamespace, parseNamespaceName } from './mountinfo.js';

const NS_GET_MNTNS_ID = 0x8008_b705;
const REQUEST_BYTES = 32;
const LSMT_ROOT = 0xffff_ffff_ffff_ffffn;
const STATMOUNT_SB_BASIC = 0x01n;
const STATMOUNT_MNT_ROOT = 0x08n;
const STATMOUNT_MNT_POINT = 0x10n;
const WANTED = STATMOUNT_SB_BASIC | STATMOUNT_MNT_ROOT | STATMOUNT_MNT_POINT;
const NSFS_MAGIC = 0x6e73_6673n;
const PAGE = 512;
// struct statmount
const SB_MAGIC = 24;
const MNT_ROOT = 104;
const MNT_POINT = 108;
const STRINGS = 512;

/** The number by which the calls know an open mount namespace (Linux 6.12). */
export function mountTableId(fd: number): bigint | undefined {
  const id = new BigUint64Array(1);
  return trySyscall('ioctl', fd, NS_GET_MNTNS_ID, id) < 0 ? undefined : id[0];
}

/** struct mnt_id_req */
function request(mount: bigint, parameter: bigint, namespace: bigint): BigUint64Array {
  return BigUint64Array.of(BigInt(REQUEST_BYTES), mount, parameter, namespace);
}

/** A mount, if it is of a namespace. */
function mountedNamespace(mount: bigint, namespace: bigint): MountedNamespace | undefined {
  const buffer = Buffer.alloc(STRINGS + 8192);
  const result = trySyscall(
    'statmount',
    request(mount, WANTED, namespace),
    buffer,
    buffer.length,
    0,
  );
  if (result < 0 || buffer.readBigUInt64LE(SB_MAGIC) !== NSFS_MAGIC) return undefined;
  const textAt = (field: number) => {
    const start = STRINGS + buffer.readUInt32LE(field);
    return buffer.toString('utf8', start, buffer.indexOf(0, start));
  };
  const name = parseNamespaceName(textAt(MNT_ROOT));
  return name && { ...name, path: textAt(MNT_POINT) };
}

/**
 * The namespaces mounted in a mount namespace; undefined if the caller may not look (that needs
 * CAP_SYS_ADMIN over it), or the kernel is older than Linux 6.11.
 * @see listmount(2), statmount(2)
 */
export function mountedInTable(namespace: bigint): MountedNamespace[] | undefined {
  const found: MountedNamespace[] = [];
  const page = new BigUint64Array(PAGE);
  for (let after = 0n; ; after = page[PAGE - 1] as bigint) {
    const count = trySyscall('listmount', request(LSMT_ROOT, after, namespace), page, PAGE, 0);
    if (count < 0) return undefined;
    for (const mount of page.subarray(0, count)) {
      const one = mountedNamespace(mount, namespace);
      if (one) found.push(one);
    }
    if (count < PAGE) return found;
  }
}
