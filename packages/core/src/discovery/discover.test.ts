// What a discovery finds, and how it is connected.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createNamespace } from '../child/create-namespace.js';
import { Namespace } from '../namespaces/namespace.js';
import { allNamespaceTypes, namespaceTypes } from '../sys/namespace-types.js';
import { type DiscoverOptions, discover } from './discover.js';

const patient = { timeout: 20_000 };

interface LsnsRow {
  ns: number | string;
  type: string;
  pid: number | string;
  ppid: number | string;
  pns: number | string;
  ons: number | string;
  netnsid: number | string;
}

function lsns(): LsnsRow[] {
  const columns = 'NS,TYPE,PID,PPID,PNS,ONS,NETNSID';
  const { stdout } = spawnSync('lsns', ['-J', '-o', columns], { encoding: 'utf8' });
  return (JSON.parse(stdout) as { namespaces: LsnsRow[] }).namespaces;
}

test.for(allNamespaceTypes)('this process is in a %s namespace that is found', (type) => {
  using own = Namespace.of('self', type);
  using owner = own.owner();
  const found = discover({ types: type, task: process.pid }).namespaces;
  expect(found.map(String)).toEqual([String(own)]);
  const [one] = found;
  expect(one?.id).toEqual(own.id);
  expect(one?.isInitial).toBe(own.isInitial);
  expect(one?.nsid).toBe(own.nsid);
  expect(one?.owner?.id).toEqual(owner?.id);
  expect(one?.owner?.owned ?? [one]).toContain(one);
  expect(one?.creatorUid).toBe(own.ownerUid());
  expect(readlinkSync(one?.path ?? '')).toBe(String(own));
});

test('all that lsns(8) shows is found, with the same relatives', () => {
  const before = lsns();
  const graph = discover();
  // What else runs on the machine comes and goes: what lsns shows before and after was there between.
  const after = lsns().map((row) => JSON.stringify(row));
  const rows = before.filter((row) => after.includes(JSON.stringify(row)));
  for (const row of rows) {
    const one = graph.get(Number(row.ns));
    expect(one, `${row.type} ${row.ns}`).toBeDefined();
    if (!one) continue;
    expect(namespaceTypes[one.type].file).toBe(row.type);
    expect(one.pid ?? 0).toBe(Number(row.pid));
    expect(one.ppid ?? 0).toBe(Number(row.ppid));
    expect(Number(one.parent?.id.ino ?? 0)).toBe(Number(row.pns));
    expect(Number(one.owner?.id.ino ?? 0)).toBe(Number(row.ons));
    if (one.type !== 'net') continue;
    const number = Number(row.netnsid);
    expect(one.netnsid).toBe(Number.isNaN(number) ? null : number);
  }
  // This process is in eight, though how many others are in them may have changed.
  expect(lsns().filter(({ ns }) => graph.get(Number(ns))).length).toBeGreaterThanOrEqual(8);
});

test('a namespace that only a descriptor of this process holds is found', () => {
  using user = createNamespace('user');
  const one = discover({ persistent: true }).get(user.id);
  expect(one).toMatchObject({
    type: 'user',
    processes: [],
    threads: [],
    forChildren: [],
    pid: null,
    ppid: null,
    uid: null,
    command: null,
    container: null,
    isInitial: false,
    creatorUid: process.geteuid?.(),
    descriptors: [{ pid: process.pid, fd: user.fd }],
    path: `/proc/${process.pid}/fd/${user.fd}`,
  });
  using own = Namespace.current('user');
  expect(one?.parent?.id).toEqual(own.id);
  expect(one?.parent?.children).toContain(one);
  expect(one?.owner).toBe(one?.parent);
});

test('a namespace that only a descriptor of another process holds is found', async () => {
  const user = createNamespace('user');
  const { id } = user;
  const child = spawn('sleep', ['300'], { stdio: ['ignore', 'ignore', 'ignore', user.fd] });
  try {
    await once(child, 'spawn');
    user.close();
    const one = discover({ types: 'user' }).get(id);
    expect(one?.descriptors).toEqual([{ pid: child.pid, fd: 3 }]);
    expect(one?.creatorUid).toBe(process.geteuid?.());
    expect(discover({ types: 'user', descriptors: false }).get(id)).toBeUndefined();
  } finally {
    user.close();
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

test('discover finds ancestors that have no processes', async () => {
  // The outer of two new user namespaces is the parent of the inner one, and nothing else holds it.
  const child = spawn(
    'unshare',
    ['--user', '--map-root-user', 'unshare', '--user', 'sleep', '300'],
    {
      stdio: 'ignore',
    },
  );
  try {
    const { pid = 0 } = child;
    await expect
      .poll(() => discover({ types: 'user', task: pid }).namespaces[0]?.command, patient)
      .toBe('sleep 300');
    const graph = discover({ types: 'user' });
    const inner = graph.namespaces.find(({ processes }) => processes.includes(pid));
    const outer = inner?.parent;
    expect(outer).toMatchObject({ processes: [], descriptors: [], paths: [], path: null });
    expect(outer?.children).toEqual([inner]);
    expect(outer?.parent?.processes).toContain(process.pid);
    expect(graph.namespaces).toContain(outer);
    const tops = graph.roots('parent');
    expect([inner, outer].some((one) => one && tops.includes(one))).toBe(false);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

test('filters say what is listed; relatives stay reachable', () => {
  using made = createNamespace('user');
  const all = discover();
  const nets = discover({ types: ['net', 'uts'] });
  expect(new Set(nets.namespaces.map(({ type }) => type))).toEqual(new Set(['net', 'uts']));
  expect(nets.namespaces[0]?.owner?.type).toBe('user');
  expect(discover({ persistent: false }).namespaces.every(({ pid }) => pid !== null)).toBe(true);
  const held = discover({
    filter: ({ descriptors }) => descriptors.some(({ fd }) => fd === made.fd),
  });
  expect(held.namespaces.map(({ id }) => id)).toContainEqual(made.id);
  expect(discover({ task: 2 ** 22 }).namespaces).toEqual([]);
  expect([...all]).toEqual(all.namespaces);
  const roots = all.roots('owner').map(({ type }) => type);
  expect(roots).toContain('user');
  const order = all.namespaces.map(({ type }) => allNamespaceTypes.indexOf(type));
  expect(order).toEqual([...order].sort((a, b) => a - b));
});

test('as JSON, other namespaces are inodes', () => {
  using made = createNamespace('user');
  const graph = discover({ types: 'user' });
  const plain = JSON.parse(JSON.stringify(graph)) as ReturnType<typeof graph.toJSON>;
  expect(plain).toEqual(graph.toJSON());
  const one = plain.namespaces.find(({ inode }) => inode === Number(made.id.ino));
  using own = Namespace.current('user');
  expect(one).toMatchObject({
    type: 'user',
    device: Number(made.id.dev),
    nsid: made.nsid === undefined ? null : String(made.nsid),
    parent: Number(own.id.ino),
    owner: Number(own.id.ino),
    children: [],
    owned: [],
    paths: [],
  });
  expect(graph.get(made.id)?.toJSON()).toEqual(one);
});

test('discover names what it cannot see', () => {
  const { hidden, namespaces } = discover();
  expect(hidden.processes.includes(1)).toBe(
    !namespaces.some(({ processes }) => processes.includes(1)),
  );
  const seen = new Set(namespaces.flatMap(({ processes }) => processes));
  for (const pid of [...hidden.descriptors, ...hidden.sockets]) expect(seen.has(pid)).toBe(true);
  for (const list of Object.values(hidden)) expect(new Set(list).size).toBe(list.length);
  for (const inode of hidden.mounts) expect(typeof inode).toBe('number');
});

test('wrong options are refused', () => {
  const wrong = (options: unknown) => () => discover(options as DiscoverOptions);
  expect(wrong({ types: 'mnt' })).toThrow(/types must be one of user/);
  expect(wrong({ types: ['net', 3] })).toThrow(TypeError);
  expect(wrong({ task: 0 })).toThrow(RangeError);
  expect(wrong({ task: 1.5 })).toThrow(/task/);
  expect(wrong({ persistent: 1 })).toThrow(/persistent/);
  expect(wrong({ mounts: 'yes' })).toThrow(/mounts/);
  expect(wrong({ filter: {} })).toThrow(/filter/);
  expect(() => discover().roots('owned' as 'owner')).toThrow(TypeError);
});
