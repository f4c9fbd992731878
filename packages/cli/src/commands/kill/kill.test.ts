import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { ns, start } from '../../testing/ns.js';

/** A pid namespace with a shell as PID 1 and a sleep. */
async function inside(script = 'sleep 1000 & echo ready; wait; echo over') {
  const options = ['--user', '--map-root-user', '--pid', '--fork', '--kill-child'];
  const started = start('unshare', ...options, 'sh', '-c', script);
  onTestFinished(async () => {
    started.child.kill('SIGKILL');
    await started.ended();
  });
  await started.written('ready');
  const unshare = started.child.pid;
  const init = Number(readFileSync(`/proc/${unshare}/task/${unshare}/children`, 'utf8'));
  return { ...started, init };
}

test('ns kill ends a pid namespace with all processes in it', async () => {
  const { init, ended } = await inside();
  const sleep = readFileSync(`/proc/${init}/task/${init}/children`, 'utf8').trim();
  const inode = Number(/\d+/.exec(readlinkSync(`/proc/${init}/ns/pid`))?.[0]);
  const { status, stdout, stderr } = ns('kill', String(init), '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual({ signal: null, namespaces: [{ type: 'pid', inode }] });
  expect((await ended()).stdout).toBe('ready\n');
  expect(existsSync(`/proc/${sleep}`)).toBe(false);
});

test('ns kill --signal signals all processes except the init', async () => {
  const { init, ended } = await inside();
  expect(ns('kill', '-s', 'TERM', `/proc/${init}/ns/pid`)).toMatchObject({ status: 0 });
  expect((await ended()).stdout).toBe('ready\nover\n');
});

test.each([
  [[], 'a namespace is missing'],
  [['nowhere'], "a namespace must be a pid or the path of a file, got 'nowhere'"],
  [['-s', 'NONE', '1'], "--signal must be the name or number of a signal, got 'NONE'"],
  [[String(process.pid)], "the calling process's own"],
])('ns kill refuses %j in one line', (args, message) => {
  const { status, stderr } = ns('kill', ...args);
  expect(status).toBe(1);
  expect(stderr).toContain(message);
  expect(stderr).toMatch(/^ns kill: .*\n$/);
});
