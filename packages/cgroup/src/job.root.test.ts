// Groups for jobs, where one may have them, as root and as a user to whom a group was delegated.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type NamespaceProcess, run, spawn } from '@ns/core';
import { expect, onTestFinished, test } from 'vitest';
import { Cgroup } from './cgroup.js';
import { findCommonAncestor } from './common-ancestor.js';
import { readHierarchy } from './hierarchy.js';
import { createJobGroup } from './job.js';
import { keepControllers, testGroup } from './tree.testing.js';

const { controllers, mode } = readHierarchy();
const systemd = existsSync('/run/systemd/system');
const dist = join(import.meta.dirname, '../dist/index.js');
const core = join(import.meta.dirname, '../../core/dist/index.js');
keepControllers();

async function sleeper(cgroup: number): Promise<NamespaceProcess> {
  const child = await spawn('sleep', ['1000'], { cgroup, stdio: 'ignore' });
  onTestFinished(() => child[Symbol.asyncDispose]());
  return child;
}

test('a job has a group of its own, which goes with it', async ({ skip }) => {
  skip(systemd, 'systemd runs here, and would move the process of the tests');
  let directory: string;
  {
    await using job = await createJobGroup({ maxDepth: 3 }, { name: 'ns-test' });
    ({ directory } = job);
    const child = await sleeper(job.fd);
    expect(job.listProcesses()).toEqual([child.pid]);
    expect(job.readLimits().maxDepth).toBe(3);
  }
  expect(existsSync(directory)).toBe(false);
});

/** Runs a script on the built package as an ordinary user, in a group. */
function asUser(cgroup: number, script: string): Promise<{ stdout: string }> {
  const source = `import * as lib from ${JSON.stringify(dist)}; ${script}`;
  const options = { uid: 12_345, gid: 12_345, cwd: '/', cgroup, env: { PATH: process.env.PATH } };
  return run(process.execPath, ['--input-type=module', '-e', source], options);
}

test('a user makes groups for jobs in a delegated group, next to its own processes', async ({
  skip,
}) => {
  skip(systemd, 'systemd runs here, and is asked instead');
  const [controller] = ['pids', 'hugetlb'].filter((name) => controllers.includes(name));
  skip(controller === undefined, `the v2 tree has neither pids nor hugetlb here (${mode})`);
  const own = testGroup();
  using root = Cgroup.root();
  root.enable([controller as string]);
  own.delegate({ uid: 12_345, gid: 12_345 });
  const limits = controller === 'pids' ? '{ pids: { max: 5 } }' : "{ hugetlb: { '2MB': '2M' } }";
  const script = `
    const job = await lib.createJobGroup(${limits});
    const own = lib.Cgroup.of('self');
    const { run } = await import(${JSON.stringify(core)});
    const { stdout } = await run('cat', ['/proc/self/cgroup'], { cgroup: job.fd });
    console.log(JSON.stringify([job.path, own.path, job.readLimits(), stdout]));
    await job.remove();`;
  const { stdout } = await asUser(own.fd, script);
  const [job, self, now, inside] = JSON.parse(stdout);
  expect(inside).toContain(`0::${job}\n`);
  expect(job).toMatch(new RegExp(`^${own.path}/ns-\\d+-1$`));
  expect(self).toBe(`${own.path}/self`); // out of the way of controllers
  expect(controller === 'pids' ? now.pids.max : now.hugetlb['2MB']).toBe(
    controller === 'pids' ? 5 : 2 * 1024 ** 2,
  );
});

test('if the group above is empty, a user need not move for a job', async ({ skip }) => {
  skip(systemd, 'systemd runs here, and is asked instead');
  const own = testGroup();
  using inner = own.create('shell');
  for (const one of [own, inner]) one.delegate({ uid: 12_345, gid: 12_345 });
  const script = `
    const job = await lib.createJobGroup();
    console.log(job.path, lib.Cgroup.of('self').path);
    await job.remove();`;
  const { stdout } = await asUser(inner.fd, script);
  expect(stdout.split(' ')[0]).toMatch(new RegExp(`^${own.path}/ns-\\d+-1$`));
  expect(stdout.trim().split(' ')[1]).toBe(inner.path);
});

test('createJobGroup fails with a hint for a user without a delegated group', async ({ skip }) => {
  skip(systemd, 'systemd runs here, and is asked instead');
  const own = testGroup();
  const { stdout } = await asUser(
    own.fd,
    'await lib.createJobGroup().catch(({ code, hint }) => console.log(code, hint));',
  );
  expect(stdout).toMatch(/^EACCES .*Cgroup\.delegate/);
});

test('the group that holds only the given processes is found, and freezing it stops no other process', async () => {
  const own = testGroup();
  using a = own.create('a');
  using b = own.create('b');
  const [first, second] = [await sleeper(a.fd), await sleeper(b.fd)];
  using found = findCommonAncestor([first.pid, second.pid]);
  expect(found?.path).toBe(own.path);
  using deeper = findCommonAncestor([first.pid]);
  expect(deeper?.path).toBe(a.path);
  const third = await sleeper(a.fd);
  expect(findCommonAncestor([first.pid])).toBeNull();
  expect(findCommonAncestor([first.pid, second.pid])).toBeNull();
  using all = findCommonAncestor([first.pid, second.pid, third.pid]);
  await all?.freeze();
  expect(own.readEvents().frozen).toBe(true);
  await all?.thaw();
  expect(() => findCommonAncestor([])).toThrow(RangeError);
  expect(() => findCommonAncestor([0])).toThrow(RangeError);
});
