// Scopes that a real systemd gives, to root by the system's manager and to a user by its own.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { run, spawn } from '@ns/core';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { Cgroup } from './cgroup.js';
import { openScope } from './scope.js';

const [core, dist] = ['core', 'cgroup'].map((name) =>
  join(import.meta.dirname, `../../${name}/dist/index.js`),
);

beforeEach(({ skip }) => {
  skip(!existsSync('/run/systemd/system'), 'systemd does not run here');
});

async function sleeper() {
  const child = await spawn('sleep', ['1000'], { stdio: 'ignore' });
  onTestFinished(() => child[Symbol.asyncDispose]());
  return child;
}

test('a scope has the processes that are named, and groups with limits can be made in it', async () => {
  const child = await sleeper();
  using scope = await openScope({ pids: [child.pid], description: 'a job' });
  expect(scope.path).toMatch(/\.slice\/ns-\d+-\d+\.scope$/);
  expect(scope.listProcesses()).toEqual([child.pid]);
  using job = scope.create('job', { pids: { max: 5 } }, { leaf: 'self' });
  expect(job.readLimits().pids?.max).toBe(5);
  using leaf = scope.openChild('self');
  expect(leaf.listProcesses()).toEqual([child.pid]);

  child.kill('SIGKILL');
  await child.exited;
  await job.remove();
  while (existsSync(scope.directory)) await delay(20);
});

test('a name, a slice and a refusal are those of systemd', async () => {
  const [first, second] = [await sleeper(), await sleeper()];
  const name = `ns-test-${process.pid}`;
  using scope = await openScope({ pids: [first.pid], name, slice: 'nstest.slice' });
  expect(scope.path).toMatch(new RegExp(`/nstest\\.slice/${name}\\.scope$`));
  const again = openScope({ pids: [second.pid], name });
  await expect(again).rejects.toThrow(`cannot create ${name}.scope by systemd`);
  using elsewhere = Cgroup.of(second.pid);
  expect(elsewhere.path).not.toContain(name);
});

test('a job of a process is in a scope of its own, which ends with the process', async () => {
  const script = `
    const { run } = await import(${JSON.stringify(core)});
    const { Cgroup, createJobGroup } = await import(${JSON.stringify(dist)});
    const seen = [];
    for (let i = 0; i < 2; i++) {
      const job = await createJobGroup({ pids: { max: 5 }, memory: { max: '64M' } });
      const { stdout } = await run('cat', ['/proc/self/cgroup'], { cgroup: job.fd });
      seen.push([job.path, stdout.trim(), job.readLimits().pids.max]);
      await job.remove();
    }
    console.log(JSON.stringify([Cgroup.of('self').path, seen]));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
  const [own, seen] = JSON.parse(stdout);
  const scope = own.replace(/\/self$/, '');
  expect(scope).toMatch(/\.slice\/ns-\d+-1\.scope$/);
  for (const [path, inside, max] of seen) {
    expect(path.startsWith(`${scope}/ns-`)).toBe(true);
    expect(inside).toBe(`0::${path}`);
    expect(max).toBe(5);
  }
  using root = Cgroup.root();
  while (existsSync(root.directory + scope)) await delay(20);
});
