// What a search through /proc finds.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { allNamespaceTypes, namespaceTypes } from '../sys/namespace-types.js';
import { listNamespaces, type NamespaceInfo } from './list.js';
import { Namespace } from './namespace.js';

interface LsnsRow {
  ns: number;
  type: string;
  /** The lowest pid of its processes, or 0. */
  pid: number;
}

function lsns(): LsnsRow[] {
  const { stdout } = spawnSync('lsns', ['-J', '-o', 'NS,TYPE,PID'], { encoding: 'utf8' });
  const rows: { [name in keyof LsnsRow]: unknown }[] = JSON.parse(stdout).namespaces;
  return rows.map(({ ns, type, pid }) => ({
    ns: Number(ns),
    type: String(type),
    pid: Number(pid),
  }));
}

function canRead(pid: number): boolean {
  try {
    readlinkSync(`/proc/${pid}/ns/user`);
    return true;
  } catch {
    return false;
  }
}

const key = ({ type, id }: NamespaceInfo) => `${namespaceTypes[type].file} ${id.ino}`;

test.for(allNamespaceTypes)('this process is found in its %s namespace', (type) => {
  using own = Namespace.of('self', type);
  const found = listNamespaces().namespaces.filter(
    ({ processes, ...info }) => info.type === type && processes.includes(process.pid),
  );
  expect(found.map(({ id }) => id)).toEqual([own.id]);
  expect(found[0]?.isInitial).toBe(own.isInitial);
});

test('listNamespaces finds all that lsns(8) knows of lasting processes, and nothing else', () => {
  const list = () =>
    new Map(listNamespaces().namespaces.map((one) => [key(one), new Set(one.processes)]));
  const [before, firstRows, between, lastRows] = [list(), lsns(), list(), lsns()];
  // What lists on both sides show of a process was there between, whatever else comes and goes. The
  // pid counts, since the inode number of an ended namespace goes to the next one.
  const lasting = [...before]
    .filter(([name, pids]) => [...pids].some((pid) => between.get(name)?.has(pid)))
    .map(([name]) => name);
  const theirs = new Set(firstRows.map(({ ns, type }) => `${type} ${ns}`));
  expect(lasting.filter((name) => !theirs.has(name))).toEqual([]);
  for (const { type, ns, pid } of firstRows) {
    if (pid === 0 || !lastRows.some((row) => row.ns === ns && row.pid === pid)) continue;
    expect([...(between.get(`${type} ${ns}`) ?? [])], `${type} ${ns}`).toContain(pid);
  }
});

test('a process in a user namespace of its own is found there, with user and command', async () => {
  const child = spawn('unshare', ['--user', 'sleep', '300'], { stdio: 'ignore' });
  try {
    const { pid = 0 } = child;
    const home = readlinkSync('/proc/self/ns/user');
    await expect.poll(() => readlinkSync(`/proc/${pid}/ns/user`)).not.toBe(home);
    using own = Namespace.of(pid, 'user');
    await expect
      .poll(() => listNamespaces().namespaces.find(({ id }) => id.ino === own.id.ino))
      .toEqual({
        type: 'user',
        id: own.id,
        isInitial: false,
        processes: [pid],
        threads: [],
        forChildren: [],
        command: 'sleep 300',
        uid: process.geteuid?.(),
      });
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

test('lists are ascending, and namespaces are ordered by type and inode', () => {
  const { namespaces } = listNamespaces();
  const ascending = (list: readonly number[]) =>
    list.every((n, i) => i === 0 || n > (list[i - 1] as number));
  for (const { processes, threads, forChildren } of namespaces) {
    for (const list of [processes, threads, forChildren]) expect(ascending(list)).toBe(true);
  }
  for (const type of allNamespaceTypes) {
    const inodes = namespaces.filter((one) => one.type === type).map(({ id }) => Number(id.ino));
    expect(ascending(inodes)).toBe(true);
  }
  expect([...new Set(namespaces.map(({ type }) => type))]).toEqual(allNamespaceTypes);
});

test('listNamespaces names the processes that it cannot see', () => {
  const { namespaces, hidden } = listNamespaces();
  const seen = new Set(namespaces.flatMap(({ processes }) => processes));
  // Of the first process, for one; not even root can trace it in some containers.
  expect(hidden.includes(1)).toBe(!seen.has(1));
  expect(seen.has(1)).toBe(canRead(1));
  const unreadable = hidden.filter((pid) => !canRead(pid));
  // A process may change its user meanwhile, as setpriv(1) does.
  const still = listNamespaces().hidden;
  expect(hidden.filter((pid) => still.includes(pid) && !unreadable.includes(pid))).toEqual([]);
  expect(hidden.includes(process.pid)).toBe(false);
});

test('processes that come and go meanwhile do no harm', async () => {
  const script = 'i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done';
  const child = spawn('sh', ['-c', script], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  let running = true;
  child.on('exit', () => {
    running = false;
  });
  let lists = 0;
  while (running) {
    expect(listNamespaces().namespaces.length).toBeGreaterThanOrEqual(8);
    lists++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await ended;
  expect(lists).toBeGreaterThan(1);
});
