import { type ChildProcess, spawn as nodeSpawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { spawn } from '@ns/core';
import { decodeStatus } from '@ns/core/sys';
import { skipUnlessKernel } from '@ns/core/testing';
import { expect, onTestFinished, test } from 'vitest';
import { Ending } from './ending.js';
import { infoFromStatus, keptStatus, processInfo } from './info.js';
import { Pidfd } from './pidfd.js';

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

test('the exit code and the signal of a child are told', async () => {
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

test('the exit code of a process that is not our child is told', async (context) => {
  skipUnlessKernel(context, '6.15');
  const parent = waiting('exec 3<&0; sh -c "read line <&3; exit 9" & echo $!; wait $!; cat');
  const [output] = (await once(parent.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  const grandchild = open(Number(output.toString()));
  parent.stdin?.write('end\n');
  expect((await grandchild.exited).code).toBe(9);
});

test('a process of a spawn keeps its status for both', async () => {
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

test('a process that has been reaped gets no signal and has no number', async () => {
  const child = waiting();
  const pidfd = open(child.pid);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(pidfd.signal('SIGKILL')).toBe(false);
  expect(pidfd.pid).toBeNull();
  expect(() => pidfd.info()).toThrow(/ESRCH/);
});

test('info() agrees with /proc, whichever way it is found', () => {
  const { pid } = waiting();
  const info = open(pid).info();
  const { cgroupId, ...rest } = info;
  expect(rest).toEqual(infoFromStatus(readFileSync(`/proc/${pid}/status`, 'utf8')));
  expect(info).toMatchObject({ pid, tgid: pid, ppid: process.pid });
  expect(info.uid.real).toBe(process.getuid?.());
  if (cgroupId !== undefined) expect(cgroupId).toBeGreaterThan(0n);
});

test('a descriptor of the process is duplicated', async () => {
  const child = waiting('read line; echo got $line');
  const fd = open(child.pid).getfd(1);
  onTestFinished(() => closeSync(fd));
  writeSync(fd, 'written by the parent\n');
  const [output] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  expect(output.toString()).toBe('written by the parent\n');
});

test('a namespace of the process is opened', () => {
  const { pid } = waiting();
  using namespace = open(pid).namespace('uts');
  expect(String(namespace)).toBe(readlinkSync(`/proc/${pid}/ns/uts`));
});

test('a signal reaches a whole process group', async (context) => {
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

test('a thread has a descriptor of its own', (context) => {
  skipUnlessKernel(context, '6.9');
  const [tid] = readFileSync('/proc/thread-self/stat', 'utf8').split(' ');
  const thread = Pidfd.open(Number(tid), { thread: true });
  onTestFinished(() => thread.close());
  expect(processInfo(thread.fd).tgid).toBe(process.pid);
  expect(thread.signal(0, { scope: 'thread' })).toBe(true);
});

test('waiting can be left to others, and ends with the object', async () => {
  const child = waiting();
  const pidfd = Pidfd.open(child.pid);
  const exited = pidfd.unref().exited;
  pidfd.close();
  pidfd.close();
  await expect(exited).rejects.toThrow('closed');
  expect(() => pidfd.fd).toThrow('closed');
});

test('the end of a process is waited for without the event loop', () => {
  const child = waiting();
  const pidfd = open(child.pid);
  expect(pidfd.poll()).toBe(false);
  expect(pidfd.poll(5)).toBe(false);
  pidfd.signal('SIGKILL');
  expect(pidfd.poll(60_000)).toBe(true);
  expect(() => pidfd.poll(-1)).toThrow(RangeError);
});

test('how a process of somebody else ended is told once it has been reaped', async (context) => {
  skipUnlessKernel(context, '6.15');
  const parent = waiting(
    'exec 3<&0; sh -c "read line <&3; exit 9" & echo $!; read line; wait $!; cat',
  );
  const [output] = (await once(parent.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  const grandchild = open(Number(output.toString()));
  // What a zombie shows to those who may trace it is not looked at, as if it were another user's.
  const unseen = new Ending(grandchild.fd, () => {
    const status = keptStatus(grandchild.fd);
    return status === undefined ? undefined : decodeStatus(status);
  });
  parent.stdin?.write('end\nend\n');
  expect(await unseen.promise).toMatchObject({ code: 9 });
});

test('wrong arguments are refused', () => {
  expect(() => Pidfd.open('1' as never)).toThrow(TypeError);
  expect(() => Pidfd.open(0)).toThrow(RangeError);
  expect(() => Pidfd.open(1.5)).toThrow(RangeError);
  expect(() => Pidfd.open(1, { thread: 1 as never })).toThrow(TypeError);
  const self = open(process.pid);
  expect(() => self.signal('SIGNONE' as never)).toThrow(TypeError);
  expect(() => self.signal(0, { scope: 'all' as never })).toThrow(TypeError);
  expect(() => Pidfd.fromFd(0)).toThrow(TypeError);
});
