import { once } from 'node:events';
import { Namespace, type NamespaceProcess, spawn } from '@ns/core';
import { kernelAtLeast } from '@ns/core/testing';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { killNamespace, signalAll } from './kill.js';
import {
  findInit,
  listProcesses,
  listProcessTree,
  listThreads,
  type ProcessNode,
  treeOf,
} from './list-processes.js';
import { numberByProc, numberIn, pidByProc, pidFrom } from './numbers-in-namespace.js';
import { owner } from './owner.testing.js';
import { Pidfd } from './pidfd.js';
import type { ProcessEntry } from './proc-status.js';
import { pid } from './spec.js';
import { listPids, translatePid } from './translate.js';

/** A namespace: init (1), sh (2), sleep (3); and further in, sh (4 and 1 there), sleep (5 and 2). */
async function nested(): Promise<{ child: NamespaceProcess; namespace: Namespace }> {
  const inner = 'sleep 1000 & echo ready; wait';
  const script = `sleep 1000 & unshare --pid --fork sh -c '${inner}'`;
  const child = await spawn('sh', ['-c', script], {
    namespaces: [...owner, pid()],
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => child[Symbol.asyncDispose]());
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  const namespace = Namespace.of(child.pid, 'pid');
  onTestFinished(() => namespace.close());
  const sleeping = () =>
    listProcesses({ in: namespace, descendants: true }).filter(
      ({ command }) => command === 'sleep',
    );
  // A shell's child has the name of the shell until it execs.
  await expect.poll(() => sleeping().length).toBe(2);
  return { child, namespace };
}

test('listProcesses gives the processes of a namespace with all their pids', async () => {
  const { child, namespace } = await nested();
  const members = listProcesses({ in: namespace });
  expect(members.map(({ command }) => command)).toEqual(['ns-runner', 'sh', 'sleep', 'unshare']);
  expect(members.map(({ pids }) => pids.at(-1))).toEqual([1, 2, 3, 4]);
  for (const { pid: number, pids } of members) expect(pids[0]).toBe(number);
  expect(members[0]?.pid).toBe(child.pid);

  const all = listProcesses({ in: child.pid, descendants: true });
  expect(all.map(({ pids }) => pids.slice(1))).toEqual([[1], [2], [3], [4], [5, 1], [6, 2]]);
  expect(listProcesses().map((entry) => entry.pid)).toContain(process.pid);
  expect(listProcesses().map((entry) => entry.pid)).not.toContain(child.pid);
});

test('listProcessTree includes nested namespaces', async () => {
  const { child } = await nested();
  const [root, ...others] = listProcessTree({ in: child.pid });
  expect(others).toEqual([]);
  const shape = (node: typeof root): unknown => node && [node.command, ...node.children.map(shape)];
  expect(shape(root)).toEqual(['ns-runner', ['sh', ['sleep'], ['unshare', ['sh', ['sleep']]]]]);
});

test("translatePid translates between the caller's and two other namespaces", async () => {
  const { child, namespace } = await nested();
  expect(findInit({ in: namespace })).toBe(child.pid);
  const inner = listProcesses({ in: namespace, descendants: true }).find(
    ({ pids }) => pids.at(-2) === 6,
  );
  if (inner === undefined) throw new Error('no inner process');
  expect(listPids(inner.pid)).toEqual([inner.pid, 6, 2]);
  expect(translatePid(6, { from: namespace })?.pid).toBe(inner.pid);
  expect(translatePid(inner.pid, { to: namespace })?.pid).toBe(6);
  expect(translatePid(6, { from: namespace, to: inner.pid })?.pid).toBe(2);
  expect(translatePid(2, { from: inner.pid, to: namespace })?.pid).toBe(6);
  expect(translatePid(process.pid, { to: namespace })).toBeNull();
  expect(translatePid(4000, { from: namespace })).toBeNull();
});

test('the lookup by /proc finds the same pids, not for certain', async () => {
  const { namespace } = await nested();
  for (const { pid: number } of listProcesses({ in: namespace, descendants: true })) {
    const there = numberIn(namespace, number);
    expect(numberByProc(number, namespace)).toEqual(there && { ...there, certain: false });
    expect(pidByProc(there?.pid ?? 0, namespace)?.pid).toBe(number);
    expect(pidFrom(namespace, there?.pid ?? 0)?.pid).toBe(number);
  }
  expect(numberByProc(process.pid, namespace)).toBeNull();
});

test('listThreads gives threads whose ids translatePid knows', () => {
  const mine = listThreads().filter((thread) => thread.pid === process.pid);
  expect(mine.length).toBeGreaterThan(1);
  for (const { tid, tids } of mine) {
    expect(listPids(tid)).toEqual(tids);
    expect(translatePid(tid, { to: process.pid })?.pid).toBe(tid);
  }
});

test('signalAll reaches all processes except init', async () => {
  const { child, namespace } = await nested();
  const sleeps = listProcesses({ in: namespace, descendants: true })
    .filter(({ command }) => command === 'sleep')
    .map((entry) => Pidfd.open(entry.pid));
  onTestFinished(() => {
    for (const pidfd of sleeps) pidfd.close();
  });
  expect(signalAll(namespace, 0)).toBe(5);
  signalAll(namespace, 'SIGKILL');
  for (const pidfd of sleeps) await pidfd.exited;
  await child.exited; // init ends as the command has
  expect(child.signalCode).toBe('SIGKILL');
});

test('killNamespace ends all processes of a namespace', async () => {
  const { child, namespace } = await nested();
  const pidfds = listProcesses({ in: namespace, descendants: true }).map((entry) =>
    Pidfd.open(entry.pid),
  );
  onTestFinished(() => {
    for (const pidfd of pidfds) pidfd.close();
  });
  // Before Linux 6.15 its exit is unknown once spawn has reaped it.
  const told = kernelAtLeast('6.15') ? ['SIGKILL'] : ['SIGKILL', null];
  expect(told).toContain((await killNamespace(namespace)).signal);
  expect(pidfds.filter(({ alive }) => alive)).toEqual([]);
  await child.exited;
  expect(findInit({ in: namespace })).toBeNull();
  await expect(killNamespace(namespace)).rejects.toThrow('ESRCH');
});

test("signalAll and killNamespace refuse the caller's own namespace", async () => {
  expect(() => signalAll(process.pid, 'SIGKILL')).toThrow(TypeError);
  await expect(killNamespace(process.pid)).rejects.toThrow(TypeError);
});

test('treeOf puts every process into the tree once', () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { maxLength: 30 });
  fc.assert(
    fc.property(numbers, fc.infiniteStream(fc.nat(50)), (list, parents) => {
      const entries = list.map((number): ProcessEntry => {
        const ppid = Math.min(parents.next().value, number - 1); // parents are older
        const common = { command: 'x', state: 'S', uid: 0, threads: 1 };
        return { pid: number, pids: [number], ppid, ...common };
      });
      const seen: number[] = [];
      const visit = (nodes: readonly ProcessNode[]) => {
        for (const node of nodes) {
          seen.push(node.pid);
          visit(node.children);
        }
      };
      visit(treeOf(entries));
      expect(seen.sort((a, b) => a - b)).toEqual(list.sort((a, b) => a - b));
    }),
  );
});
