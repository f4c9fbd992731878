import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type NamespaceProcess, run, spawn } from '@ns/core';
import { expect, onTestFinished, test } from 'vitest';
import { Cgroup } from './cgroup.js';
import { ControlFiles } from './control-files.js';
import { readHierarchy } from './hierarchy.js';
import { killOneByOne } from './life.js';
import { cgroup } from './spec.js';
import { keepControllers, testGroup } from './tree.testing.js';

const { controllers, mode } = readHierarchy();
let made = 0;

keepControllers();

async function inside(own: Cgroup, script = 'exec sleep 1000'): Promise<NamespaceProcess> {
  const child = await spawn('sh', ['-c', script], { cgroup: own.fd, stdio: 'ignore' });
  onTestFinished(() => child[Symbol.asyncDispose]());
  return child;
}

const pathOf = (pid: number | 'self') =>
  /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1];

test('a child starts in the group, and is found there', async () => {
  const own = testGroup();
  const child = await inside(own);
  expect(pathOf(child.pid)).toBe(own.path);
  expect(own.listProcesses()).toEqual([child.pid]);
  expect(own.listThreads()).toEqual([child.pid]);
  expect(own.readEvents()).toEqual({ populated: true, frozen: false });
  using found = Cgroup.of(child.pid);
  expect(found.path).toBe(own.path);
});

test('a process is moved', async () => {
  const own = testGroup();
  const inner = own.create('inner');
  onTestFinished(() => inner.close());
  const child = await inside(own);
  inner.add(child.pid);
  expect(own.listProcesses()).toEqual([]);
  expect(inner.listProcesses()).toEqual([child.pid]);
  expect(own.listChildren()).toEqual(['inner']);
  expect(own.readEvents().populated).toBe(true);
  using again = own.openChild('inner');
  expect(again.path).toBe(inner.path);
  using opened = Cgroup.open(inner.path);
  expect(opened.listProcesses()).toEqual([child.pid]);
});

test('a group is frozen and goes on', async () => {
  const own = testGroup();
  await inside(own, 'while :; do :; done');
  await own.freeze();
  expect(own.readEvents().frozen).toBe(true);
  const used = own.readUsage().cpu?.usage_usec;
  await delay(30);
  expect(own.readUsage().cpu?.usage_usec).toBe(used);
  await own.thaw();
  expect(own.readEvents().frozen).toBe(false);
});

test('a group below a frozen one cannot be thawed, and the call does not wait for that', async () => {
  const own = testGroup();
  using inner = own.create('inner');
  await inside(inner);
  await own.freeze();
  await inner.freeze();
  await inner.thaw();
  expect(inner.readEvents().frozen).toBe(true);
  await own.thaw();
});

test('everything in a group and below is killed, also what is frozen', async () => {
  const own = testGroup();
  using inner = own.create('inner');
  const children = [await inside(own), await inside(inner, 'sleep 1000 & wait')];
  await own.freeze();
  await own.kill();
  expect(own.readEvents().populated).toBe(false);
  for (const child of children) {
    await child.exited;
    expect(child.signalCode).toBe('SIGKILL');
  }
});

test('on a kernel without cgroup.kill, processes that keep forking are killed as well', async () => {
  const own = testGroup();
  using inner = own.create('inner');
  const child = await inside(inner, 'while :; do sh -c "sleep 0.001; :" & sleep 0.001; done');
  const files = ControlFiles.open(own.directory);
  onTestFinished(() => files.close());
  await killOneByOne(files);
  await own.waitUntilEmpty();
  await child.exited;
  expect(child.signalCode).toBe('SIGKILL');
});

test('a group is removed after its last process, with all below it', async () => {
  const own = testGroup();
  own.create('a').close();
  using a = own.openChild('a');
  a.create('b').close();
  const child = await inside(a);
  const removed = own.remove();
  await delay(20);
  expect(existsSync(own.directory)).toBe(true);
  child.kill('SIGKILL');
  await removed;
  expect(existsSync(own.directory)).toBe(false);
  expect(own.closed).toBe(true);
});

test('using removes a group that was created with its processes, and leaves an opened one', async () => {
  const own = testGroup();
  let child: Awaited<ReturnType<typeof inside>> | undefined;
  {
    using inner = own.create('inner');
    child = await inside(inner);
    using opened = own.openChild('inner');
    expect(opened.listProcesses()).toEqual([child.pid]);
    await using again = Cgroup.open(inner.path);
    expect(again.path).toBe(inner.path);
  }
  expect(own.listChildren()).toEqual([]);
  expect((await child.exited).signal).toBe('SIGKILL');
});

test('await using leaves a group that was opened', async () => {
  const own = testGroup();
  const child = await inside(own);
  {
    await using opened = Cgroup.open(own.path);
    expect(opened.listProcesses()).toEqual([child.pid]);
  }
  expect(own.listProcesses()).toEqual([child.pid]);
});

test('watchEvents ends when the group is removed', async () => {
  const own = testGroup();
  const inner = own.create('inner');
  using watch = inner.watchEvents('cgroup.events');
  const next = watch.next();
  await inner.remove();
  expect(await next).toEqual({ done: true, value: undefined });
});

test('watchPressure ends when the group is removed', async ({ skip }) => {
  const own = testGroup();
  const inner = own.create('inner');
  skip(!existsSync(`${inner.directory}/cpu.pressure`), 'the kernel has no pressure of groups');
  using watch = inner.watchPressure({ resource: 'cpu', some: 1, window: '2s' });
  const next = watch.next();
  await inner.remove();
  expect(await next).toEqual({ done: true, value: undefined });
});

test('await using ends and removes the group', async () => {
  let directory: string;
  let child: NamespaceProcess;
  {
    using root = Cgroup.root();
    await using own = root.create(`ns-test-${process.pid}-${++made}`);
    ({ directory } = own);
    child = await inside(own);
  }
  await child.exited;
  expect(child.signalCode).toBe('SIGKILL');
  expect(existsSync(directory)).toBe(false);
});

test('kill and remove resolve for a group that another process has removed', async () => {
  const own = testGroup();
  const inner = own.create('inner');
  rmdirSync(inner.directory);
  await inner.kill();
  await expect(inner.freeze()).rejects.toThrow(/has been removed/);
  await inner.remove();
  expect(inner.closed).toBe(true);
});

test('kill and remove need no inotify watch if the group is already empty', () => {
  const own = testGroup();
  const module = new URL('../dist/index.js', import.meta.url).href;
  // Where nothing can be watched, a group without processes is removed all the same.
  const source = `
    import { Cgroup } from ${JSON.stringify(module)};
    const inner = Cgroup.open(${JSON.stringify(own.path)}).create('inner');
    await inner.kill();
    await inner.remove();`;
  const script =
    'echo 0 > /proc/sys/user/max_inotify_instances; exec "$0" --input-type=module -e "$1"';
  const args = ['--user', '--map-root-user', 'sh', '-c', script, process.execPath, source];
  const { status, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(own.listChildren()).toEqual([]);
});

test('a wait can be given up', async () => {
  const own = testGroup();
  await inside(own);
  const controller = new AbortController();
  const { signal } = controller;
  const aborted = { name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' };
  const empty = own.waitUntilEmpty({ signal }).catch((error: unknown) => error);
  controller.abort('enough');
  expect(await empty).toMatchObject(aborted);
  for (const wait of [own.waitUntilEmpty, own.freeze, own.thaw, own.kill, own.remove]) {
    expect(await wait.call(own, { signal }).catch((error: unknown) => error)).toMatchObject(
      aborted,
    );
  }
  expect(own.readEvents()).toEqual({ populated: true, frozen: false });
  expect(() => own.watchEvents('cgroup.events', { signal })).toThrow(
    expect.objectContaining(aborted),
  );
});

test('changes are reported, for many groups', async () => {
  const groups = [testGroup(), testGroup(), testGroup()];
  const watches = groups.map((one) => one.watchEvents('cgroup.events'));
  onTestFinished(() => {
    for (const watch of watches) watch.close();
  });
  const reached = async (populated: number) => {
    for (const watch of watches) {
      for (;;) if ((await watch.next()).value?.populated === populated) break;
    }
  };
  const children = await Promise.all(groups.map((one) => inside(one)));
  await reached(1);
  for (const child of children) child.kill('SIGKILL');
  await reached(0);
});

test('pressure on the processor is reported', async ({ skip }) => {
  const own = testGroup();
  skip(own.readUsage().pressure.cpu === undefined, 'this kernel has no pressure information');
  using watch = own.watchPressure({ resource: 'cpu', some: 1, window: '2s' });
  // More busy processes than one processor can run: pinned to the first.
  const script = 'while :; do :; done';
  for (let i = 0; i < 3; i++) {
    const child = await spawn('sh', ['-c', script], {
      cgroup: own.fd,
      cpuAffinity: [0],
      stdio: 'ignore',
    });
    onTestFinished(() => child[Symbol.asyncDispose]());
  }
  expect((await watch.next()).value).toEqual({ resource: 'cpu', kind: 'some' });
  expect(own.readUsage().pressure.cpu?.some.total).toBeGreaterThan(0);
});

test('threads have groups of their own in a threaded tree', async () => {
  const own = testGroup();
  const inner = own.create('inner');
  onTestFinished(() => inner.close());
  expect(inner.type).toBe('domain');
  inner.makeThreaded();
  expect(inner.type).toBe('threaded');
  expect(own.type).toBe('domain threaded');
  const child = await inside(own);
  inner.addThread(child.pid);
  expect(inner.listThreads()).toEqual([child.pid]);
});

test('a delegated group is its for its owner to work in', async () => {
  const own = testGroup();
  own.delegate({ uid: 12_345, gid: 12_345 });
  const inner = `${own.directory}/inner`;
  const credentials = { uid: 12_345, gid: 12_345, cwd: '/' };
  await run('mkdir', [inner], credentials);
  await run('sh', ['-c', `echo $$ > ${inner}/cgroup.procs && cat /proc/self/cgroup`], {
    ...credentials,
    cgroup: own.fd,
  });
  await expect(
    run('sh', ['-c', `echo 1 > ${own.directory}/cgroup.max.depth`], credentials),
  ).rejects.toThrow();
});

test('a cgroup namespace is rooted at the group, and the child is in it', async () => {
  const own = testGroup();
  const child = await spawn('cat', ['/proc/self/cgroup'], {
    namespaces: [cgroup({ group: own })],
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => child[Symbol.asyncDispose]());
  let text = '';
  for await (const chunk of child.stdout ?? []) text += chunk;
  expect(text).toContain('0::/\n');

  const held = await spawn('sleep', ['1000'], { namespaces: [cgroup({ group: own })] });
  onTestFinished(() => held[Symbol.asyncDispose]());
  expect(pathOf(held.pid)).toBe(own.path);
});

test('limits on the number of groups are set and read', () => {
  const own = testGroup({ maxDepth: 2, maxDescendants: 'max' });
  expect(own.readLimits()).toMatchObject({ maxDepth: 2, maxDescendants: Number.POSITIVE_INFINITY });
  own.writeLimits({ maxDescendants: 1 });
  own.create('one').close();
  expect(() => own.create('two')).toThrow(/EAGAIN/);
  expect(own.readUsage().stat.nr_descendants).toBe(1);
});

test('huge pages are limited', ({ skip }) => {
  skip(!controllers.includes('hugetlb'), 'the v2 tree has no hugetlb controller here');
  const own = testGroup({ hugetlb: { '2MB': '4M', '2MB.rsvd': '8M' } });
  expect(own.readLimits().hugetlb).toMatchObject({
    '2MB': 4 * 1024 ** 2,
    '2MB.rsvd': 8 * 1024 ** 2,
  });
  expect(own.readUsage().hugetlb?.['2MB']).toMatchObject({
    current: 0,
    reserved: 0,
    events: { max: 0 },
  });
  expect(own.readUsage().hugetlb?.['2MB']?.numa?.N0).toBe(0);
  expect(own.controllers).toContain('hugetlb');
});

test('a limit whose controller is on v1 is refused with that reason, and no group is left', ({
  skip,
}) => {
  skip(mode !== 'hybrid' || controllers.includes('memory'), 'the memory controller is on v2 here');
  using root = Cgroup.root();
  const name = `ns-test-${process.pid}-${++made}`;
  expect(() => root.create(name, { memory: { max: '64M' } })).toThrow(/cgroup v1/);
  expect(root.listChildren()).not.toContain(name);
  const own = testGroup();
  expect(() => own.writeLimits({ memory: { max: '64M' } })).toThrow(/cgroup v1/);
});

test('memory, processes and processor time are limited', async ({ skip }) => {
  const needed = ['memory', 'pids', 'cpu'];
  skip(
    !needed.every((name) => controllers.includes(name)),
    `the v2 tree lacks controllers here (${mode}): needs ${needed.join(', ')}`,
  );
  const own = testGroup({
    memory: { max: '64M', swapMax: 0 },
    pids: { max: 10 },
    cpu: { max: '50%' },
  });
  expect(own.readLimits()).toMatchObject({
    memory: { max: 64 * 1024 ** 2, swapMax: 0 },
    pids: { max: 10 },
    cpu: { quota: 50_000, period: 100_000 },
  });
  using watch = own.watchEvents('memory.events');
  const hog = await spawn(
    process.execPath,
    ['-e', 'const a = []; for (;;) a.push(Buffer.alloc(1 << 20, 1));'],
    { cgroup: own.fd, stdio: 'ignore' },
  );
  await hog.exited;
  expect(hog.signalCode).toBe('SIGKILL');
  for (;;) if (((await watch.next()).value?.oom_kill ?? 0) > 0) break;
  expect(own.readUsage().memory?.events?.oom_kill).toBeGreaterThan(0);
  expect(own.readUsage().memory?.current).toBeLessThanOrEqual(64 * 1024 ** 2);
  expect(own.readUsage().pids?.current).toBe(0);
});

test('processors and devices are assigned', ({ skip }) => {
  const needed = ['cpuset', 'io'];
  skip(
    !needed.every((name) => controllers.includes(name)),
    `the v2 tree lacks controllers here (${mode}): needs ${needed.join(', ')}`,
  );
  const own = testGroup({ cpuset: { cpus: [0] }, io: { weight: 50 } });
  expect(own.readLimits().cpuset?.cpus).toEqual([0]);
  expect(own.readLimits().io?.weight).toBe(50);
});

test('controllers are enabled all the way down, around processes in the way', async ({ skip }) => {
  skip(!controllers.includes('memory'), `the v2 tree has no memory controller here (${mode})`);
  const own = testGroup();
  const child = await inside(own);
  using direct = own.create('limited', {});
  expect(() => own.enable(['memory'])).toThrow(/EBUSY/);
  own.enable(['memory'], { leaf: 'processes' });
  using leaf = own.openChild('processes');
  expect(leaf.listProcesses()).toEqual([child.pid]);
  direct.writeLimits({ memory: { max: '64M' } });
  using deep = direct.create('deep', { memory: { max: '32M' } });
  expect(deep.readLimits().memory?.max).toBe(32 * 1024 ** 2);
});

test('processes in the way are moved into a leaf', async ({ skip }) => {
  skip(!controllers.includes('hugetlb'), `the v2 tree has no hugetlb controller here (${mode})`);
  const own = testGroup();
  const child = await inside(own);
  expect(() => own.enable(['hugetlb'])).toThrow(/EBUSY/);
  own.enable(['hugetlb'], { leaf: 'processes' });
  using leaf = own.openChild('processes');
  expect(leaf.listProcesses()).toEqual([child.pid]);
  expect(own.enabled).toEqual(['hugetlb']);
  expect(leaf.controllers).toEqual(['hugetlb']);
  own.disable(['hugetlb']);
  expect(leaf.controllers).toEqual([]);
});

test('the group of the calling process is not killed or frozen by mistake', async () => {
  using own = Cgroup.of('self');
  await expect(own.kill()).rejects.toThrow(/calling process is in the cgroup/);
  await expect(own.freeze()).rejects.toThrow(/calling process is in the cgroup/);
});

test('an error names the file with its group', () => {
  const own = testGroup();
  expect(() => own.add(4_194_304)).toThrow(`"${own.directory}/cgroup.procs"`);
});

test('limits that cannot all be set leave those that were', ({ skip }) => {
  skip(!controllers.includes('hugetlb'), `the v2 tree has no hugetlb controller here (${mode})`);
  const own = testGroup({ hugetlb: { '2MB': '4M' }, maxDepth: 5 });
  expect(() =>
    own.writeLimits({ hugetlb: { '2MB': '8M' }, maxDepth: 3, misc: { nothing: 1 } }),
  ).toThrow();
  expect(own.readLimits()).toMatchObject({ hugetlb: { '2MB': 4 * 1024 ** 2 }, maxDepth: 5 });
});

test('open throws ENOENT for a missing group, create EEXIST for an existing one', () => {
  expect(() => Cgroup.open('/ns-test-no-such-group')).toThrow(/ENOENT/);
  const own = testGroup();
  using root = Cgroup.root();
  expect(() => root.create(own.path.slice(1))).toThrow(/EEXIST/);
});

test('wrong arguments are refused', () => {
  const own = testGroup();
  for (const name of ['', '.', '..', 'a/b', 'cgroup.procs', 'a\0']) {
    expect(() => own.create(name)).toThrow(TypeError);
  }
  for (const name of ['..', 'a/b', 1 as never]) {
    expect(() => own.openChild(name)).toThrow(TypeError);
  }
  expect(() => Cgroup.open('relative')).toThrow(TypeError);
  expect(() => Cgroup.open('/a/../b')).toThrow(TypeError);
  expect(() => Cgroup.of(0)).toThrow(RangeError);
  expect(() => own.add(-1)).toThrow(RangeError);
  expect(() => own.delegate({ uid: -1 })).toThrow(RangeError);
  expect(() => cgroup({ group: {} as never })).toThrow(TypeError);
  const wrong = { resource: 'disk', some: 1 } as never;
  expect(() => own.watchPressure(wrong)).toThrow(TypeError);
  expect(() => own.watchPressure({ resource: 'cpu' })).toThrow(TypeError);
});
