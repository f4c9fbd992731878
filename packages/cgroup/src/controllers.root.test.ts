// What takes controllers in the v2 tree: skipped where they are on v1.
import { once } from 'node:events';
import { spawn } from '@ns/core';
import { kernelAtLeast, skipUnlessKernel } from '@ns/core/testing';
import { expect, onTestFinished, test } from 'vitest';
import { Cgroup } from './cgroup.js';
import { readHierarchy } from './hierarchy.js';
import { keepControllers, testGroup } from './tree.testing.js';

const { controllers, mode } = readHierarchy();
keepControllers();

interface Context {
  skip(condition: boolean, reason: string): void;
}

function needs({ skip }: Context, ...names: string[]): void {
  const absent = names.filter((name) => !controllers.includes(name));
  skip(absent.length > 0, `the v2 tree lacks ${absent.join(', ')} here (${mode})`);
}

/** A child that holds some anonymous memory. */
async function holder(own: Cgroup): Promise<void> {
  const script =
    'const a = Buffer.alloc(64 << 20, 1); console.log("ready"); setInterval(() => a, 1e6)';
  const child = await spawn(process.execPath, ['-e', script], {
    cgroup: own.fd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => child[Symbol.asyncDispose]());
  await once(child.stdout as NodeJS.ReadableStream, 'data');
}

test('memory is measured by kind and node, with a peak of its own', async (context) => {
  needs(context, 'memory');
  const own = testGroup({ memory: { high: '1G', low: '1M', oomGroup: true } });
  await holder(own);
  const { memory } = own.readUsage();
  expect(memory?.current).toBeGreaterThan(64 * 1024 ** 2);
  expect(memory?.stat?.anon).toBeGreaterThan(64 * 1024 ** 2);
  expect(memory?.numa?.anon?.N0).toBeGreaterThan(0);
  expect(own.readLimits().memory).toMatchObject({
    high: 1024 ** 3,
    low: 1024 ** 2,
    oomGroup: true,
  });
  using peak = own.openPeak('memory');
  const before = peak.value;
  expect(before).toBeGreaterThanOrEqual(64 * 1024 ** 2);
  await own.kill();
  expect(peak.value).toBeGreaterThanOrEqual(before);
  if (kernelAtLeast('6.12')) {
    peak.reset();
    expect(peak.value).toBeLessThan(before);
  } else {
    expect(() => peak.reset()).toThrow(/memory\.peak/);
  }
});

test('memory is taken back on request', async (context) => {
  needs(context, 'memory');
  skipUnlessKernel(context as never, '5.19');
  const own = testGroup({});
  using root = Cgroup.root();
  root.enable(['memory']);
  await holder(own);
  // Whether there is so much to take back is the kernel's to say; either way it has tried.
  const outcome = await own.reclaim('1M').then(
    () => 'done',
    (error) => error.code,
  );
  expect(['done', 'EAGAIN']).toContain(outcome);
  await expect(own.reclaim('lots')).rejects.toThrow(TypeError);
});

test('all limits of processor time are set and read', (context) => {
  needs(context, 'cpu');
  const own = testGroup({ cpu: { max: '50ms/100ms', maxBurst: '10ms', weight: 50 } });
  expect(own.readLimits().cpu).toMatchObject({ quota: 50_000, maxBurst: 10_000, weight: 50 });
  expect(own.readUsage().cpu).toMatchObject({ nr_periods: expect.any(Number) });
  own.writeLimits({ cpu: { idle: true } });
  expect(own.readLimits().cpu?.idle).toBe(true);
});

test('controllers that the kernel passes on beside processes are not, unless for threads', async (context) => {
  needs(context, 'pids');
  const own = testGroup();
  using root = Cgroup.root();
  root.enable(['pids']);
  const child = await spawn('sleep', ['1000'], { cgroup: own.fd, stdio: 'ignore' });
  onTestFinished(() => child[Symbol.asyncDispose]());
  expect(() => own.create('a', { pids: { max: 5 } })).toThrow(/EBUSY.*processes/s);
  expect(own.listChildren()).toEqual([]);
  using job = own.create('a', { pids: { max: 5 } }, { leaf: 'self' });
  expect(job.type).toBe('domain');
  job.add(child.pid);
  expect(job.readUsage().pids?.current).toBe(1);

  using threads = job.create('threads');
  threads.makeThreaded();
  job.enable(['pids']);
  threads.writeLimits({ pids: { max: 3 } });
  threads.addThread(child.pid);
  expect(threads.readLimits().pids?.max).toBe(3);
});

test.each([
  ['using', (group: Cgroup) => group[Symbol.dispose]()],
  ['await using', (group: Cgroup) => group[Symbol.asyncDispose]()],
])('%s removes a threaded group, whose threads move to its parent', async (_, dispose) => {
  const own = testGroup();
  const child = await spawn('sleep', ['1000'], { cgroup: own.fd, stdio: 'ignore' });
  onTestFinished(() => child[Symbol.asyncDispose]());
  const outer = own.create('outer');
  outer.makeThreaded();
  const inner = outer.create('inner');
  onTestFinished(() => inner.close());
  inner.makeThreaded();
  inner.addThread(child.pid);
  await dispose(outer);
  expect(own.listChildren()).toEqual([]);
  expect(own.listThreads()).toEqual([child.pid]);
});

test('limits that cannot all be set leave the old ones', (context) => {
  needs(context, 'cpu', 'pids');
  const own = testGroup({ cpu: { max: '50%' }, pids: { max: 10 } });
  expect(() =>
    own.writeLimits({ cpu: { max: '80%' }, pids: { max: 5 }, misc: { none: 1 } }),
  ).toThrow();
  expect(own.readLimits()).toMatchObject({ cpu: { quota: 50_000 }, pids: { max: 10 } });
});

test('writeLimits throws if the kernel refuses a partition', (context) => {
  needs(context, 'cpuset');
  const own = testGroup({ cpuset: { cpus: [0] } });
  using inner = own.create('inner', { cpuset: { cpus: [0] } });
  // Its parent is not a partition.
  expect(() => inner.writeLimits({ cpuset: { partition: 'root' } })).toThrow(/partition/);
  expect(inner.readLimits().cpuset?.partition).toBe('member');
});

test('more processes than allowed cannot be made, and that is counted', async (context) => {
  needs(context, 'pids');
  const own = testGroup({ pids: { max: 2 } });
  const child = await spawn('sh', ['-c', 'sleep 1000 & sleep 1000 & sleep 1000 & wait'], {
    cgroup: own.fd,
    stdio: 'ignore',
  });
  onTestFinished(() => child[Symbol.asyncDispose]());
  using watch = own.watchEvents('pids.events');
  const next = watch.next();
  if ((own.readUsage().pids?.events?.max ?? 0) === 0) {
    expect((await next).value?.max).toBeGreaterThan(0);
  }
  expect(own.readUsage().pids?.current).toBeLessThanOrEqual(2);
});
