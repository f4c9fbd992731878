// Lists of ids, in pages, and file handles of nsfs.
import { constants, fstatSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Namespace } from '../namespaces/namespace.js';
import { closeFd, O_CLOEXEC } from '../sys/fd.js';
import { namespaceTypes } from '../sys/namespace-types.js';
import { trySyscall } from '../sys/syscall.js';
import { skipUnlessFeature, skipUnlessKernel } from '../testing/index.js';
import { handleOf, listIds, listRequest, openById } from './by-id.js';

/** A list as the kernel gives it: ids after the one asked for, as many as fit. */
const listOf = (all: readonly bigint[]) => (after: bigint, page: BigUint64Array) => {
  const rest = all.filter((id) => id > after).slice(0, page.length);
  page.set(rest);
  return rest.length;
};

test('a list of any length is read in full', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1600 }),
      fc.integer({ min: 1, max: 9 }),
      (count, step) => {
        const all = Array.from({ length: count }, (_, i) => BigInt((i + 1) * step));
        expect(listIds(listOf(all))).toEqual(all);
      },
    ),
  );
});

test('a kernel without the call lists nothing; another error is one', () => {
  expect(listIds(() => -38)).toEqual([]);
  expect(listIds(() => -1)).toEqual([]);
  expect(() => listIds(() => -22)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
});

test('the request is as the kernel documents it', () => {
  const request = new DataView(listRequest(0x1234_5678_9abcn).buffer);
  expect(request.byteLength).toBe(32);
  expect(request.getUint32(0, true)).toBe(32);
  expect(request.getBigUint64(8, true)).toBe(0x1234_5678_9abcn);
  expect([4, 16, 20].map((at) => request.getUint32(at, true))).toEqual([0, 0, 0]);
  expect(request.getBigUint64(24, true)).toBe(0n);
});

test('the kernel lists the namespaces of this process', (context) => {
  const answer = trySyscall('listns', listRequest(0n), new BigUint64Array(1), 1, 0);
  skipUnlessFeature(context, 'listns', answer >= 0);
  using own = Namespace.current('net');
  expect(listIds()).toContain(own.nsid);
  const fd = openById(own.nsid ?? 0n) ?? -1;
  try {
    expect(BigInt(fstatSync(fd).ino)).toBe(own.id.ino);
  } finally {
    closeFd(fd);
  }
});

test('a file handle opens the namespace', (context) => {
  skipUnlessKernel(context, '6.18');
  using own = Namespace.current('net');
  const handle = handleOf(own.nsid ?? 0n);
  // Linux 6.18 wants type and inode as well.
  const fields = new DataView(handle.buffer);
  fields.setUint32(16, namespaceTypes.net.flag, true);
  fields.setUint32(20, Number(own.id.ino), true);
  const fd = trySyscall('open_by_handle_at', -10003, handle, constants.O_RDONLY | O_CLOEXEC);
  try {
    expect(fd).toBeGreaterThanOrEqual(0);
    expect(BigInt(fstatSync(fd).ino)).toBe(own.id.ino);
  } finally {
    closeFd(fd);
  }
});
