import { type ChildProcess, spawn as nodeSpawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { spawn } from '@ns/core';
import { decodeStatus } from '@ns/core/sys';
import { skipUnlessKernel } from '@ns/core/testing';
import { expect, onTestFinished, test } from 'vitest';
import { ExitWait } from './exit-wait.js';
import { Pidfd } from './pidfd.js';
import { infoFromStatus, keptStatus, processInfo } from './pidfd-info.js';

/** A child that waits until its standard input ends. */
function waiting(script = 'read line'): ChildProcess & { pid: number } {
  const child = nodeSpawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  return child as ChildProcess & { pid: number };
}

function open(pid: number): Pidfd {
  const pidfd = Pidfd.open(pid);
  onTestFinished(() => pidfd.close());
  return pidfd;
}

test('Pidfd.exited gives the exit code or the signal of a child', async () => {
  const coded = waiting('read line; exit 7');
  const first = open(coded.pid);
  expect(first.pid).toBe(coded.pid);
  expect(first.alive).toBe(true);
  coded.stdin?.end();
  expect(await first.exited).toEqual({ code: 7, signal: null, coreDumped: false });
  expect(first.alive).toBe(false);

  const killed = waiting();
  const second = open(killed.pid);
  expect(second.signal('SIGTERM')).toBe(true);
  expect(await second.exited).toMatchObject({ code: null, signal: 'SIGTERM' });
});

test('Pidfd.exited gives the exit code of a grandchild', async (context) => {
  skipUnlessKernel(context, '6.15');
  const parent = waiting('exec 3<&0; sh -c "read line <&3; exit 9" & echo $!; wait $!; cat');
  const [output] = (await once(parent.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  const grandchild = open(Number(output.toString()));
  parent.stdin?.write('end\n');
  expect((await grandchild.exited).code).toBe(9);
});

test('Pidfd.exited and the spawn both get the exit of a child', async () => {
  const child = await spawn('sh', ['-c', 'read line; exit 5'], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const pidfd = Pidfd.fromFd(child.pidfd);
  onTestFinished(() => pidfd.close());
  child.stdin?.end();
  const [exit, own] = await Promise.all([pidfd.exited, child.exited]);
  expect(exit.code).toBe(5);
  expect(own.code).toBe(5);
});

test('Pidfd of a reaped process has no pid, and signal returns false', async () => {
  const child = waiting();
  const pidfd = open(child.pid);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(pidfd.signal('SIGKILL')).toBe(false);
  expect(pidfd.pid).toBeNull();
  expect(() => pidfd.info()).toThrow(/ESRCH/);
});

test('Pidfd.info agrees with /proc', () => {
  const { pid } = waiting();
  const info = open(pid).info();
  const { cgroupId, ...rest } = info;
  expect(rest).toEqual(infoFromStatus(readFileSync(`/proc/${pid}/status`, 'utf8')));
  expect(info).toMatchObject({ pid, tgid: pid, ppid: process.pid });
  expect(info.uid.real).toBe(process.getuid?.());
  if (cgroupId !== undefined) expect(cgroupId).toBeGreaterThan(0n);
});

test('Pidfd.getfd duplicates a descriptor of the process', async () => {
  const child = waiting('read line; echo got $line');
  const fd = open(child.pid).getfd(1);
  onTestFinished(() => closeSync(fd));
  writeSync(fd, 'written by the parent\n');
  const [output] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  expect(output.toString()).toBe('written by the parent\n');
});

test('Pidfd.namespace opens a namespace of the process', () => {
  const { pid } = waiting();
  using namespace = open(pid).namespace('uts');
  expect(String(namespace)).toBe(readlinkSync(`/proc/${pid}/ns/uts`));
});

test('Pidfd.signal reaches a process group', async (context) => {
  skipUnlessKernel(context, '6.9');
  const child = await spawn('sh', ['-c', 'sleep 1000 & echo $!; wait'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  const member = open(Number(output.toString()));
  const leader = open(child.pid);
  expect(leader.signal('SIGTERM', { scope: 'process-group' })).toBe(true);
  expect((await leader.exited).signal).toBe('SIGTERM');
  expect((await member.exited).signal).toBe('SIGTERM');
  await child.exited;
});

test('Pidfd.open opens a thread', (context) => {
  skipUnlessKernel(context, '6.9');
  const [tid] = readFileSync('/proc/thread-self/stat', 'utf8').split(' ');
  const thread = Pidfd.open(Number(tid), { thread: true });
  onTestFinished(() => thread.close());
  expect(processInfo(thread.fd).tgid).toBe(process.pid);
  expect(thread.signal(0, { scope: 'thread' })).toBe(true);
});

test('Pidfd.close rejects the exited promise, and a second close does nothing', async () => {
  const child = waiting();
  const pidfd = Pidfd.open(child.pid);
  const exited = pidfd.unref().exited;
  pidfd.close();
  pidfd.close();
  await expect(exited).rejects.toThrow('closed');
  expect(() => pidfd.fd).toThrow('closed');
});

test('Pidfd.poll waits for the end of a process', () => {
  const child = waiting();
  const pidfd = open(child.pid);
  expect(pidfd.poll()).toBe(false);
  expect(pidfd.poll(5)).toBe(false);
  pidfd.signal('SIGKILL');
  expect(pidfd.poll(60_000)).toBe(true);
});

test('ExitWait resolves with the kept status once the process has been reaped', async (context) => {
  skipUnlessKernel(context, '6.15');
  const parent = waiting(
    'exec 3<&0; sh -c "read line <&3; exit 9" & echo $!; read line; wait $!; cat',
  );
  const [output] = (await once(parent.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  const grandchild = open(Number(output.toString()));
  // Without the look at /proc, as for a zombie of another user.
  const unseen = new ExitWait(grandchild.fd, () => {
    const status = keptStatus(grandchild.fd);
    return status === undefined ? undefined : decodeStatus(status);
  });
  parent.stdin?.write('end\nend\n');
  expect(await unseen.promise).toMatchObject({ code: 9 });
});
