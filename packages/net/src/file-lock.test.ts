import { closeSync, openSync } from 'node:fs';
import { syscall } from '@ns/core/sys';
import { expect, onTestFinished, test } from 'vitest';
import { lockFile } from './file-lock.js';

/** The caller's network namespace, which any user on the machine can open and lock. */
function open(): number {
  const fd = openSync('/proc/self/ns/net', 'r');
  onTestFinished(() => closeSync(fd));
  return fd;
}

test('lockFile ends with an error if another process keeps the lock', () => {
  const [stranger, own] = [open(), open()];
  const LOCK_SH = 1;
  const LOCK_NB = 4;
  syscall('flock', stranger, LOCK_SH | LOCK_NB);
  const refusal = expect.objectContaining({
    code: 'ETIMEDOUT',
    message: expect.stringContaining('Another process keeps the lock of the thing'),
  });
  expect(() => lockFile(own, 'the thing', 50)).toThrow(refusal);
  syscall('flock', stranger, 8);
  lockFile(own, 'the thing', 50);
});
