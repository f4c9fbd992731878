import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Cgroup } from '@ns/cgroup';
import { isSystemError, type NamespaceProcess, spawn } from '@ns/core';
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

/** Starts 20 processes in a group: an operation on all of them takes some time. */
function processesIn(group: Cgroup): Promise<NamespaceProcess> {
  const script = 'i=0; while [ $i -lt 20 ]; do sleep 60 & i=$((i + 1)); done; wait';
  return spawn('sh', ['-c', script], { cgroup: group.fd, stdio: 'ignore' });
}

const unserved =
  'exec 9<>/dev/fuse && mount -i -t fuse none /mnt -o fd=9,rootmode=40000,user_id=0,group_id=0 && exec stat /mnt/file';

/** Starts a process that cannot be frozen: it waits for a file system of FUSE that no process serves. */
async function unfreezableIn(group: Cgroup, skip: Skip): Promise<NamespaceProcess> {
  if (!existsSync('/dev/fuse')) skip('this kernel has no FUSE');
  const child = await spawn('sh', ['-c', unserved], {
    cgroup: group.fd,
    namespaces: [mount()],
    stdio: 'ignore',
  });
  const state = () => /\) (.)/.exec(readFileSync(`/proc/${child.pid}/stat`, 'utf8'))?.[1];
  await expect.poll(state).toBe('D');
  return child;
}

/** Calls a function with a group that has processes, which end with it afterwards. */
async function inGroup(skip: Skip, use: (group: Cgroup) => unknown): Promise<void> {
  await using group = testGroup(skip);
  await using _processes = await processesIn(group);
  try {
    await use(group);
  } finally {
    await group.thaw();
  }
}

/** Kills a group into which a process moves as soon as the others are killed. */
async function killFor(group: Cgroup, signal: AbortSignal): Promise<void> {
  await using later = await spawn('sleep', ['60'], { stdio: 'ignore' });
  const killing = group.kill({ signal });
  group.add(later.pid);
  await killing;
}

/** Thaws a group that stays frozen, since the one above is being frozen without an end. */
async function thawBelow(above: Cgroup, signal: AbortSignal, skip: Skip): Promise<void> {
  await using _child = await unfreezableIn(above, skip);
  await using group = above.create('below');
  await using _processes = await processesIn(group);
  const end = new AbortController();
  const freezing = above.freeze({ signal: end.signal }).catch(() => {});
  try {
    await expect.poll(() => group.readEvents().frozen).toBe(true);
    await group.thaw({ signal });
  } finally {
    end.abort();
    await freezing;
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
          await using _child = await unfreezableIn(group, skip);
          await group.freeze({ signal });
        }),
    },
    'cgroup Cgroup#thaw': {
      wait: (signal, skip) => inGroup(skip, (group) => thawBelow(group, signal, skip)),
    },
    'cgroup Cgroup#kill': {
      wait: (signal, skip) => inGroup(skip, (group) => killFor(group, signal)),
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
