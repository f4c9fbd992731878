import { runSync } from '@ns/core';
import { expect, onTestFinished, test } from 'vitest';
import { ns, start } from '../../testing/ns.js';

/** An IPC namespace with something in it; gives the pid of a process there. */
async function filled(): Promise<number> {
  const make = 'ipcmk -M 65536 && ipcmk -S 3 && ipcmk -Q && echo ready && exec sleep 1000';
  const started = start('unshare', '--user', '--map-root-user', '--ipc', 'sh', '-c', make);
  onTestFinished(async () => {
    started.child.kill('SIGKILL');
    await started.ended();
  });
  await started.written('ready');
  return started.child.pid as number;
}

const inside = (pid: number) => ['-t', String(pid), '--user', '--preserve-credentials', '--ipc'];

test('ns ipc ls prints the objects that ipcs shows', async () => {
  const pid = await filled();
  const { stdout } = runSync('nsenter', [...inside(pid), 'ipcs']);
  const theirs = stdout.split('\n').filter((line) => line.startsWith('0x'));
  const { stdout: text, stderr, status } = ns('ipc', 'ls', '--in', String(pid));
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  const ours = text.split('\n').filter((line) => line.startsWith('0x'));
  // The same key, id and permissions, and what follows them: bytes, counts.
  const numbers = (line: string) => line.trim().split(/\s+/).toSpliced(2, 1);
  expect(ours.map(numbers)).toEqual(theirs.map(numbers));
  expect(ours).toHaveLength(3);
  expect(text).toContain('POSIX message queues: none');
});

test('ns ipc ls --limits prints the limits and usage that lsipc shows', async () => {
  const pid = await filled();
  const columns = ['--bytes', '--noheadings', '--raw', '--output', 'RESOURCE,LIMIT,USED'];
  const { stdout } = runSync('nsenter', [...inside(pid), 'lsipc', ...columns]);
  const { stdout: text } = ns('ipc', 'ls', '--limits', '--in', String(pid));
  const ours = new Map(
    text.split('\n').map((line) => {
      const [name = '', limit, used] = line.split(/\s+/);
      return [name.toUpperCase(), { limit, used }];
    }),
  );
  let compared = 0;
  for (const line of stdout.trim().split('\n')) {
    const [resource = '', limit, used] = line.split(' ');
    const own = ours.get(resource);
    if (own === undefined) continue; // constants such as SEMVMX cannot be set
    compared++;
    expect({ resource, ...own }).toEqual({ resource, limit, used });
  }
  expect(compared).toBeGreaterThanOrEqual(9);
});

test('ns ipc ls --json prints objects and limits', async () => {
  const pid = await filled();
  const { stdout, status } = ns('ipc', 'ls', '--json', '--in', `/proc/${pid}/ns/ipc`);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    sharedMemory: [{ size: 65536, mode: 0o644 }],
    semaphoreSets: [{ count: 3 }],
    messageQueues: [{ messages: 0 }],
    posixQueues: [],
    limits: { shmmni: 4096, shmmax: expect.any(String) },
    usage: { segments: 1, semaphores: 3 },
  });
});

test('ns ipc ls prints the namespace of ns without privileges', () => {
  const { stdout, status } = ns('ipc', 'ls');
  expect(status).toBe(0);
  const count = runSync('ipcs', ['-m']).stdout.match(/^0x/gm)?.length;
  expect(stdout).toContain(`Shared memory: ${count ?? 'none'}`);
  expect(ns('ipc').status).toBe(0);
});

test.each([
  [['rm'], "'ns ipc rm' is not a command (known: ls)"],
  [['ls', 'more'], "unexpected 'more'"],
  [['ls', '--in', 'nowhere'], 'a namespace must be a pid or the path of a file'],
  [['ls', '--in', '/proc/self/ns/uts'], 'uts namespace, not ipc'],
])('ns ipc refuses %j in one line', (args, message) => {
  const { status, stdout, stderr } = ns('ipc', ...args);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toContain(message);
});
