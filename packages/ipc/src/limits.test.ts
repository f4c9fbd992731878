import { readFileSync } from 'node:fs';
import { run, spawn } from '@ns/core';
import { expect, test } from 'vitest';
import { ipc, MessageQueue, readLimits, SemaphoreSet, SharedMemory, writeLimits } from './index.js';
import { rootless } from './rootless.testing.js';

/** The limits as the kernel shows them inside. */
async function inside(spec: ReturnType<typeof ipc>, ...names: string[]) {
  const files = names.map((name) => `/proc/sys/${name}`);
  const { stdout } = await run('cat', files, { namespaces: [rootless, spec] });
  return stdout.trimEnd().split('\n');
}

test('readLimits agrees with /proc', () => {
  const limits = readLimits();
  const kernel = (name: string) => readFileSync(`/proc/sys/${name}`, 'utf8').trim();
  expect(String(limits.shmmax)).toBe(kernel('kernel/shmmax'));
  expect(String(limits.msgmnb)).toBe(kernel('kernel/msgmnb'));
  const { semmsl, semmns, semopm, semmni } = limits;
  expect([semmsl, semmns, semopm, semmni].join('\t')).toBe(kernel('kernel/sem'));
  expect(String(limits.queues_max)).toBe(kernel('fs/mqueue/queues_max'));
});

test('ipc gives a command its limits', async () => {
  const spec = ipc({ limits: { msgmni: 7, shmmax: 2n ** 40n, semopm: 99, queues_max: 3 } });
  const names = ['kernel/msgmni', 'kernel/shmmax', 'kernel/sem', 'fs/mqueue/queues_max'];
  expect(await inside(spec, ...names)).toEqual([
    '7',
    String(2n ** 40n),
    '32000\t1024000000\t99\t32000',
    '3',
  ]);
});

test('readLimits and writeLimits work in the namespace of a process', async () => {
  const before = readLimits();
  const namespaces = [rootless, ipc()];
  const child = await spawn('sleep', ['60'], { namespaces, stdio: 'ignore' });
  try {
    const there = { in: child.pid };
    writeLimits({ msgmax: 1234, semmni: 5n }, there);
    expect(readLimits(there)).toMatchObject({ msgmax: 1234n, semmni: 5n, semmsl: 32000n });
    expect(readLimits()).toEqual(before);
  } finally {
    child.kill('SIGKILL');
    await child.exited;
  }
});

test('writeLimits chooses the ids of the next objects', async () => {
  const child = await spawn('sleep', ['60'], { namespaces: [rootless, ipc()], stdio: 'ignore' });
  try {
    const there = { in: child.pid };
    writeLimits({ shm_next_id: 70, sem_next_id: 80, msg_next_id: 90 }, there);
    using segment = SharedMemory.create(4096, there);
    using set = SemaphoreSet.create(1, there);
    using queue = MessageQueue.create(there);
    expect([segment.id, set.id, queue.id]).toEqual([70, 80, 90]);
    expect(readLimits(there)).toMatchObject({ shm_next_id: -1n, sem_next_id: -1n });
  } finally {
    child.kill('SIGKILL');
    await child.exited;
  }
});

test('ipc and writeLimits refuse wrong limits', () => {
  expect(() => ipc({ limits: { nonsense: 1 } as object })).toThrow(
    'ipc.limits.nonsense is not known',
  );
  expect(() => ipc({ limits: { msgmax: 1.5 } })).toThrow('ipc.limits.msgmax must be an integer');
  expect(() => writeLimits({ msgmax: -1 })).toThrow(RangeError);
  expect(() => writeLimits({ msg_next_id: -2 })).toThrow(RangeError);
});
