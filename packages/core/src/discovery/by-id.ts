// Namespaces by their 64-bit ids: the kernel lists them (listns, Linux 6.19), and a file handle of
// nsfs opens one (Linux 6.18).
import { constants } from 'node:fs';
import { O_CLOEXEC } from '../sys/fd.js';
import { trySyscall } from '../sys/syscall.js';
import { SystemError } from '../sys/system-error.js';

const FD_NSFS_ROOT = -10003;
const FILEID_NSFS = 0xf1;
const HANDLE_BYTES = 16;
const REQUEST_BYTES = 32;
const PAGE = 512;
const EPERM = 1;
const ENOSYS = 38;

/** struct ns_id_req: what comes after this id, of all types and owners. */
export function listRequest(after: bigint): Uint8Array {
  const request = new DataView(new ArrayBuffer(REQUEST_BYTES));
  request.setUint32(0, REQUEST_BYTES, true);
  request.setBigUint64(8, after, true);
  return new Uint8Array(request.buffer);
}

/** struct file_handle of nsfs: the id alone says which namespace. */
export function handleOf(id: bigint): Uint8Array {
  const handle = new DataView(new ArrayBuffer(8 + HANDLE_BYTES));
  handle.setUint32(0, HANDLE_BYTES, true);
  handle.setInt32(4, FILEID_NSFS, true);
  handle.setBigUint64(8, id, true);
  return new Uint8Array(handle.buffer);
}

/** A new descriptor of the namespace with this id; undefined if it is gone or may not be opened. */
export function openById(id: bigint): number | undefined {
  const flags = constants.O_RDONLY | O_CLOEXEC;
  const fd = trySyscall('open_by_handle_at', FD_NSFS_ROOT, handleOf(id), flags);
  return fd < 0 ? undefined : fd;
}

/** Asks for a page of ids after the given one. */
export type AskIds = (after: bigint, page: BigUint64Array) => number;

const askKernel: AskIds = (after, page) =>
  trySyscall('listns', listRequest(after), page, page.length, 0);

/**
 * The ids of all namespaces that the caller may see; none where the kernel does not list them.
 * @see listns(2)
 */
export function listIds(ask: AskIds = askKernel): bigint[] {
  const ids: bigint[] = [];
  const page = new BigUint64Array(PAGE);
  for (;;) {
    const count = ask(ids.at(-1) ?? 0n, page);
    // A seccomp filter that does not know the call answers EPERM.
    if (ids.length === 0 && (count === -ENOSYS || count === -EPERM)) return ids;
    if (count < 0) throw new SystemError(-count, 'listns', []);
    ids.push(...page.subarray(0, count));
    if (count < page.length) return ids;
  }
}
