// A process that changes its namespaces while the caller opens them, to get its own mix of them joined.
// What OpenProcess gives is of one moment, and joining it gives no stranger the caller's ids: SECURITY.md
// S1, S2.
import { closeSync, readlinkSync, writeSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { spawn } from '../commands/spawn.js';
import { Namespace } from '../namespaces/namespace.js';
import { OpenProcess } from '../namespaces/open-process.js';
import { closeFd, pipe } from '../sys/fd.js';
import { waitUntilReadable } from '../sys/wait.js';
import { rootMap } from '../testing/eight-namespaces.js';
import { strangers } from './container.testing.js';

const isRoot = process.geteuid?.() === 0;

/** Leaves its UTS namespace for a new one whenever it reads a byte. */
const restless = `
import ctypes, os
while os.read(0, 1):
    ctypes.CDLL(None).unshare(0x04000000)
`;

/** A process, and a function that has it change its UTS namespace. */
async function moving() {
  const { read, write } = pipe();
  const child = await spawn('python3', ['-c', restless], {
    namespaces: [rootMap, { type: 'uts' }],
    stdio: [read, 'ignore', 'inherit'],
  });
  closeFd(read);
  onTestFinished(async () => {
    closeSync(write);
    await child[Symbol.asyncDispose]();
  });
  const now = () => readlinkSync(`/proc/${child.pid}/ns/uts`);
  const move = () => {
    const before = now();
    writeSync(write, 'x');
    while (now() === before) waitUntilReadable(-1, 1);
  };
  return { pid: child.pid, now, move };
}

test('OpenProcess opens namespaces again that have changed meanwhile', async () => {
  const { pid, now, move } = await moving();
  using target = OpenProcess.open(pid);
  let reads = 0;
  const handles = target.namespaces(['user', 'uts'], () => {
    if (++reads === 1) move();
  });
  for (const one of handles) one.close();
  expect(reads).toBe(2);
  expect(String(handles[1])).toBe(now());
});

test('OpenProcess gives up on a process that changes its namespaces all the time', async () => {
  const { pid, move } = await moving();
  using target = OpenProcess.open(pid);
  expect(() => target.namespaces(['uts'], move)).toThrow('changes them all the time');
});

test('foreignNamespaces refuses the mounts of strangers of a process with the caller’s user namespace', async ({
  skip,
}) => {
  skip(!isRoot, 'only root can join a mount namespace alone');
  await using owner = await spawn('sleep', ['100'], {
    namespaces: [strangers, { type: 'mount' }],
    uid: 0,
    gid: 0,
  });
  using mount = Namespace.of(owner.pid, 'mount');
  await using child = await spawn('sleep', ['100'], { namespaces: [mount], trustMounts: true });
  using target = OpenProcess.open(child.pid);
  expect(() => target.foreignNamespaces()).toThrow(`cannot join ${mount}: it belongs to`);
});
