// The way to a process's namespaces on kernels whose pidfds do not open them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { closeFd } from '../sys/fd.js';
import { syscall } from '../sys/syscall.js';
import { fdCount } from '../testing/index.js';
import { openByNumber } from './open.js';

test('by its number, a pidfd gives the namespaces of its process, and none once that has ended', async () => {
  const child = spawn('sleep', ['100'], { stdio: 'ignore' });
  const pidfd = syscall('pidfd_open', child.pid ?? 0, 0);
  try {
    const fd = openByNumber(pidfd, 'net');
    expect(readlinkSync(`/proc/self/fd/${fd}`)).toBe(readlinkSync(`/proc/${child.pid}/ns/net`));
    closeFd(fd);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const before = fdCount();
    expect(() => openByNumber(pidfd, 'net')).toThrow(expect.objectContaining({ code: 'ESRCH' }));
    expect(fdCount()).toBe(before);
  } finally {
    closeFd(pidfd);
  }
});
