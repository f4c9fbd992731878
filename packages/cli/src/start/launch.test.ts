// What `ns run` and `ns enter` start, and what stays of them.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Namespace } from '@ns/core';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { ns, nsWith, start, words } from '../testing/ns.js';

const euid = process.geteuid?.() ?? 0;

test.each(['run', 'enter'])(
  'ns %s leaves a small process that waits for the command',
  async (name) => {
    const options = name === 'run' ? ['run', '-r'] : ['enter', '-t', String(process.pid)];
    const { child, written, ended } = start(...words(...options, 'sh', '-c', 'echo up; read line'));
    await written('up');
    const status = () => readFileSync(`/proc/${child.pid}/status`, 'latin1');
    while (!status().startsWith('Name:\tns\n')) await new Promise((done) => setTimeout(done, 5));
    expect(Number(/^VmRSS:\s+(\d+)/m.exec(status())?.[1])).toBeLessThan(2048);
    expect(readdirSync(`/proc/${child.pid}/fd`)).toEqual([]);
    const title = readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    expect(title).toEqual(['ns', ...options, 'sh', '-c', 'echo up; read line']);
    child.stdin?.end('\n');
    expect(await ended()).toMatchObject({ status: 0 });
  },
);

test.each([
  ['beside it, or above', 'node_modules', {}],
  ['by its own loader, where only Node finds it', 'modules', { NODE_PATH: 'modules' }],
])('ns finds koffi %s', (_, name, env) => {
  const directory = mkdtempSync(join(tmpdir(), 'ns-start-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const dist = fileURLToPath(new URL('../../dist', import.meta.url));
  for (const part of ['start', 'prebuilds']) {
    cpSync(join(dist, part), join(directory, 'ns', part), {
      recursive: true,
      filter: (path) => !path.includes('.code'), // kept by other starts, and not published
    });
  }
  mkdirSync(join(directory, name));
  // As pnpm does it: a link, whose target has the binary beside it.
  const koffi = dirname(createRequire(import.meta.url).resolve('koffi'));
  symlinkSync(koffi, join(directory, name, 'koffi'));
  const program = join(directory, 'ns/start/ns.cjs');
  const { stdout, stderr } = spawnSync(process.execPath, [program, 'run', '-r', 'id', '-u'], {
    cwd: directory,
    env: { PATH: process.env.PATH, ...env },
    encoding: 'utf8',
  });
  expect({ stdout, stderr }).toEqual({ stdout: '0\n', stderr: '' });
});

test('ns run starts a command although the file of Node has been replaced', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ns-start-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  chmodSync(directory, 0o755);
  const before = join(directory, 'before.cjs');
  writeFileSync(before, "process.execPath = '/nowhere/node';");
  const env = { ...process.env, NODE_OPTIONS: `--require "${before}"` };
  expect(nsWith({ env }, 'run', '-r', 'id', '-u')).toMatchObject({ stdout: '0\n', status: 0 });
});

test('--clear-env starts the command with an empty environment', () => {
  const { stdout } = nsWith(
    { env: { ...process.env, WORD: 'x' } },
    'run',
    '-r',
    '--clear-env',
    'env',
  );
  expect(stdout).not.toContain('WORD');
});

test('--whitelist-env passes on only the named variables', () => {
  const env = { ...process.env, WORD: 'x', OTHER: 'y', THIRD: 'z' };
  const options = ['-r', '--whitelist-env', 'WORD,NONE', '--whitelist-env=THIRD'];
  const { stdout } = nsWith({ env }, 'run', ...options, '/usr/bin/env');
  expect(stdout.trim().split('\n').sort()).toEqual(['THIRD=z', 'WORD=x']);
});

test('ns run --TYPE=FILE pins a namespace, and unpins it if the command cannot be run', ({
  skip,
}) => {
  skip(euid !== 0, 'only root can mount here');
  const directory = mkdtempSync(join(tmpdir(), 'ns-kept-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const types = ['uts', 'net', 'ipc', 'cgroup', 'time'] as const;
  const files = types.map((type) => `--${type}=${directory}/${type}`);
  expect(ns('run', ...files, '--hostname', 'kept', 'true')).toMatchObject({
    stderr: '',
    status: 0,
  });
  try {
    for (const type of types) {
      using kept = Namespace.fromPath(join(directory, type), type);
      using own = Namespace.current(type);
      expect(kept.equals(own)).toBe(false);
    }
    expect(ns('enter', `--uts=${directory}/uts`, 'hostname').stdout).toBe('kept\n');
  } finally {
    for (const type of types) Namespace.unpin(join(directory, type));
  }
  expect(ns('run', `--net=${directory}/net`, '/nowhere').status).toBe(127);
  expect(existsSync(join(directory, 'net'))).toBe(false);
});

test('--load-interp registers a rule in the binfmt_misc of the new user namespace', ({ skip }) => {
  skip(
    !readFileSync('/proc/filesystems', 'utf8').includes('binfmt_misc'),
    'the kernel has no binfmt_misc',
  );
  const rule = ':ns-test:E::ns-test::/bin/cat:';
  const look = ['cat', '/proc/sys/fs/binfmt_misc/ns-test'];
  const { stdout, stderr } = ns('run', '-r', '--load-interp', rule, ...look);
  skip(/mount\(.*EPERM/.test(stderr), 'binfmt_misc in a user namespace is Linux 6.7');
  expect(stdout).toContain('interpreter /bin/cat');
});

test('--net-socket joins the network of a socket of the target', async ({ skip }) => {
  skip(euid !== 0, 'only root can join the own network');
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle; // not in the types
  const socket = ['-t', String(process.pid), `--net-socket=${fd}`];
  using own = Namespace.current('net');
  const { stdout, stderr } = ns('enter', ...socket, 'readlink', '/proc/self/ns/net');
  expect({ stdout, stderr }).toEqual({ stdout: `${own}\n`, stderr: '' });
  server.close();
  await once(server, 'close');
});

test('--join-cgroup runs the command in the cgroup of the target', () => {
  const group = /^0::.*$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[0];
  const options = ['-t', String(process.pid), '--join-cgroup'];
  const { stdout, stderr, status } = ns('enter', ...options, 'cat', '/proc/self/cgroup');
  if (status === 0) expect(stdout).toContain(`${group}\n`);
  else expect(stderr).toMatch(/EACCES|EPERM|no cgroup v2 tree/); // nobody's own group
});

const file = openSync('/dev/null', 'r');
afterAll(() => closeSync(file));

test.each([
  [['enter', '--net-socket', '3'], '--net-socket needs --target PID'],
  [['enter', '-t', '1', '--net', '--net-socket', '3'], '--net and --net-socket exclude each other'],
  [['enter', '--join-cgroup', '--uts=/proc/self/ns/uts'], '--join-cgroup needs --target PID'],
  [['enter', '--follow-context', '--uts=/proc/self/ns/uts'], '--follow-context needs --target PID'],
  [['run', '--net=', 'true'], '--net= needs a file'],
  // As the shell makes them from an unset variable.
  [['run', '--wd', '', 'true'], '--wd must not be empty'],
  [['run', '--root=', 'true'], '--root must not be empty'],
  [['run', '--mount-proc=', 'true'], '--mount-proc must not be empty'],
  [['enter', '--uts=/proc/self/ns/uts', '--wdns=', 'true'], '--wdns must not be empty'],
  [['enter', '-t', String(process.pid), '--net-socket', '9999', 'true'], 'is not a socket'],
  [['enter', '-t', String(process.pid), `--net-socket=${file}`, 'true'], 'is not a socket'],
])('ns refuses %j', (args, message) => {
  const { status, stderr } = ns(...args);
  expect(stderr).toContain(message);
  expect(status).toBe(125);
});
