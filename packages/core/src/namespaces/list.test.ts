// What a search through /proc finds.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { allNamespaceTypes, namespaceTypes } from '../sys/namespace-types.js';
import { listNamespaces, type NamespaceInfo } from './list.js';
import { Namespace } from './namespace.js';

interface LsnsRow {
  ns: number | string;
  type: string;
  nprocs: number | string;
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

test('all that lsns(8) knows of lasting processes is found', () => {
  const before = new Set(listNamespaces().namespaces.map(key));
  const { stdout } = spawnSync('lsns', ['-J', '-o', 'NS,TYPE,NPROCS'], { encoding: 'utf8' });
  const rows = (JSON.parse(stdout) as { namespaces: LsnsRow[] }).namespaces;
  const after = new Set(listNamespaces().namespaces.map(key));
  const peers = rows.filter(({ nprocs }) => Number(nprocs) > 0).map((r) => `${r.type} ${r.ns}`);
  // What came or went meanwhile, of whatever else runs on the machine, is in one of the three only.
  expect([...before].filter((one) => after.has(one) && !peers.includes(one))).toEqual([]);
  expect(peers.filter((one) => !before.has(one) && !after.has(one))).toEqual([]);
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

test('what cannot be seen is named', () => {
  const { namespaces, hidden } = listNamespaces();
  const seen = new Set(namespaces.flatMap(({ processes }) => processes));
  // Of the first process, for one; not even root can trace it in some containers.
  expect(hidden.includes(1)).toBe(!seen.has(1));
  expect(seen.has(1)).toBe(canRead(1));
  for (const pid of hidden) expect(canRead(pid)).toBe(false);
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
