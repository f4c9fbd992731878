import { existsSync } from 'node:fs';
import { Cgroup, readHierarchy } from '@ns/cgroup';
import { spawn } from '@ns/core';
import { expect, onTestFinished, test } from 'vitest';
import { ns } from '../../testing/ns.js';

const { controllers, mode } = readHierarchy();
let made = 0;

async function group() {
  using root = Cgroup.root();
  const own = root.create(`ns-test-cli-${process.pid}-${++made}`);
  onTestFinished(() => own[Symbol.asyncDispose]());
  const child = await spawn('sleep', ['1000'], { cgroup: own.fd, stdio: 'ignore' });
  onTestFinished(() => child[Symbol.asyncDispose]());
  return { own, child };
}

test('ns cgroup freezes, thaws and kills a group', async () => {
  const { own, child } = await group();
  expect(ns('cgroup', 'freeze', own.path)).toMatchObject({ status: 0, stderr: '' });
  expect(own.readEvents().frozen).toBe(true);
  expect(ns('cgroup', 'thaw', own.directory).status).toBe(0);
  expect(own.readEvents().frozen).toBe(false);
  expect(ns('cgroup', 'kill', String(child.pid)).status).toBe(0);
  await child.exited;
  expect(child.signalCode).toBe('SIGKILL');
});

test('ns cgroup freeze --json prints the group as show does', async () => {
  const { own, child } = await group();
  const told = (...args: string[]) => JSON.parse(ns('cgroup', ...args, '--json').stdout);
  const { path } = own;
  const frozen = told('freeze', path);
  expect(frozen).toMatchObject({ path, events: { frozen: true }, processes: [child.pid] });
  expect(Object.keys(frozen)).toEqual(Object.keys(told('show', path)));
  expect(told('thaw', path)).toMatchObject({ path, events: { frozen: false } });
  expect(told('kill', path)).toMatchObject({ path, processes: [] });
});

test('ns cgroup set writes the limits of a group', async ({ skip }) => {
  skip(!controllers.includes('memory'), `the v2 tree has no memory controller here (${mode})`);
  using root = Cgroup.root();
  root.enable(['memory', 'cpu', 'pids']);
  const { own } = await group();
  const words = ['--memory', '64M', '--cpus', '0.5', '--pids-limit', '9'];
  const set = ns('cgroup', 'set', own.path, ...words, '--json');
  expect(set).toMatchObject({ status: 0, stderr: '' });
  expect(JSON.parse(set.stdout)).toMatchObject({ path: own.path, limits: { pids: { max: 9 } } });
  expect(own.readLimits()).toMatchObject({
    memory: { max: 64 * 1024 ** 2 },
    cpu: { quota: 50_000 },
    pids: { max: 9 },
  });
});

test('ns run --memory runs a command in a group of its own, and removes the group', ({ skip }) => {
  skip(!controllers.includes('memory'), `the v2 tree has no memory controller here (${mode})`);
  const limits = ['--memory', '64M', '--cpus', '50%', '--pids-limit', '20'];
  const look = 'cat /proc/self/cgroup; cat /proc/1/cgroup >/dev/null; sleep 0';
  const result = ns('run', ...limits, 'sh', '-c', look);
  expect(result).toMatchObject({ status: 0, stderr: '' });
  expect(result.stdout).toContain('0::/\n');
  const hog = 'const a = []; for (;;) a.push(Buffer.alloc(1 << 20, 1))';
  expect(ns('run', '--memory=64M', process.execPath, '-e', hog).signal).toBe('SIGKILL');
  using root = Cgroup.root();
  expect(root.listChildren().filter((name) => name.startsWith('ns-run-'))).toEqual([]);
});

test('ns run refuses limits of controllers on v1, and runs nothing', ({ skip }) => {
  skip(controllers.includes('memory'), 'the memory controller is on v2 here');
  const file = `/tmp/ns-test-never-${process.pid}`;
  const { status, stderr } = ns('run', '--memory', '64M', 'touch', file);
  expect(status).toBe(125);
  expect(stderr).toContain('cgroup v1');
  expect(existsSync(file)).toBe(false);
});
