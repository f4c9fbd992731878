import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Cgroup } from '@ns/cgroup';
import { isSystemError, Namespace, type NamespaceProcess, spawn } from '@ns/core';
import { mount } from '@ns/mount';
import { expect, onTestFinished } from 'vitest';
import { type PackageExamples, readAll, type Skip } from '../example.js';

let made = 0;

/** Makes a group for a test, right below the root of the tree as the tests of the package do. */
function testGroup(skip: Skip): Cgroup {
  try {
    using root = Cgroup.root();
    return root.create(`ns-test-contract-${process.pid}-${++made}`);
  } catch (error) {
    if (isSystemError(error)) skip(`no cgroup can be created: ${error.message}`);
    throw error;
  }
}

/** Starts a process in a group. */
function processIn(group: Cgroup): Promise<NamespaceProcess> {
  return spawn('sleep', ['60'], { cgroup: group.fd, stdio: 'ignore' });
}

const fuse = fileURLToPath(new URL('../fixtures/unanswering-fuse.pl', import.meta.url));

/** Starts a process in a group that can neither be frozen nor killed until it is disposed of. */
async function stuckIn(group: Cgroup, skip: Skip): Promise<AsyncDisposable> {
  if (!existsSync('/dev/fuse')) skip('this kernel has no FUSE');
  const stdio = ['ignore', 'pipe', 'ignore'] as const;
  const server = await spawn('perl', [fuse], { namespaces: [mount()], stdio });
  const lines = server.lines[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe('up');
  using namespace = Namespace.of(server.pid, 'mount');
  const child = await spawn('stat', ['/mnt/file'], {
    cgroup: group.fd,
    namespaces: [namespace],
    trustMounts: true,
    stdio: 'ignore',
  });
  expect((await lines.next()).value).toBe('asked');
  return {
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await child[Symbol.asyncDispose]();
    },
  };
}

/** Calls a function with a group that has a process, which ends with it afterwards. */
async function inGroup(skip: Skip, use: (group: Cgroup) => unknown): Promise<void> {
  await using group = testGroup(skip);
  await using _process = await processIn(group);
  try {
    await use(group);
  } finally {
    await group.thaw();
  }
}

/** Opens something of a group that stays until the test has finished. */
function opened<Opened>(open: (group: Cgroup, skip: Skip) => Opened): (skip: Skip) => Opened {
  return (skip) => {
    using group = testGroup(skip);
    const { path } = group;
    onTestFinished(async () => {
      using again = Cgroup.open(path);
      await again.remove();
    });
    try {
      return open(group, skip);
    } finally {
      group.close(); // disposal would remove it
    }
  };
}

const pressure = { resource: 'cpu', some: '1s', window: '2s' } as const;

function skipUnlessThere(group: Cgroup, file: string, skip: Skip): void {
  if (!existsSync(join(group.directory, file))) skip(`groups of this machine have no ${file}`);
}

export const cgroup: PackageExamples = {
  examples: {
    'cgroup Cgroup#delegate': { base: { uid: 0 } },
    'cgroup Cgroup#freeze': {
      wait: (signal, skip) =>
        inGroup(skip, async (group) => {
          await using _stuck = await stuckIn(group, skip);
          await group.freeze({ signal });
        }),
    },
    'cgroup Cgroup#thaw': {
      wait: 'the kernel has thawed a group when the write to its file returns',
    },
    'cgroup Cgroup#kill': {
      wait: (signal, skip) =>
        inGroup(skip, async (group) => {
          await using _stuck = await stuckIn(group, skip);
          await group.kill({ signal });
        }),
    },
    'cgroup Cgroup#remove': {
      wait: (signal, skip) => inGroup(skip, (group) => group.remove({ signal })),
    },
    'cgroup Cgroup#waitUntilEmpty': {
      wait: (signal, skip) => inGroup(skip, (group) => group.waitUntilEmpty({ signal })),
    },
    'cgroup Cgroup#watchEvents': {
      wait: (signal, skip) =>
        inGroup(skip, (group) => readAll(group.watchEvents('cgroup.events', { signal }))),
    },
    'cgroup Cgroup#watchPressure': {
      base: pressure,
      wait: (signal, skip) =>
        inGroup(skip, (group) => {
          skipUnlessThere(group, 'cpu.pressure', skip);
          return readAll(group.watchPressure({ ...pressure, signal }));
        }),
    },
  },
  resources: {
    'cgroup Cgroup': (skip) => testGroup(skip),
    'cgroup EventWatch': opened((group) => group.watchEvents('cgroup.events')),
    'cgroup Peak': opened((group, skip) => {
      skipUnlessThere(group, 'memory.peak', skip);
      return group.openPeak('memory');
    }),
    'cgroup PressureWatch': opened((group, skip) => {
      skipUnlessThere(group, 'cpu.pressure', skip);
      return group.watchPressure(pressure);
    }),
  },
};
