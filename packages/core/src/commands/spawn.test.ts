import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NamespaceProcess } from '../process/namespace-process.js';
import { run } from './run.js';
import { spawn } from './spawn.js';

const text = async (stream: AsyncIterable<Buffer> | null) => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

test('a child has pid, pidfd, streams and events, in the order of a ChildProcess', async () => {
  const child = await spawn('sh', ['-c', 'echo out; exit 3']);
  const events: string[] = [];
  for (const name of ['spawn', 'exit', 'close']) {
    child.on(name, (...args: unknown[]) => events.push([name, ...args].join(' ')));
  }
  expect(child).toBeInstanceOf(NamespaceProcess);
  expect(readFileSync(`/proc/${child.pid}/stat`, 'latin1')).toContain(`${child.pid} (`);
  expect(readFileSync(`/proc/self/fdinfo/${child.pidfd}`, 'latin1')).toContain(
    `Pid:\t${child.pid}\n`,
  );
  expect(await text(child.stdout)).toBe('out\n');
  await once(child, 'close');
  expect(events).toEqual(['spawn', 'exit 3 ', 'close 3 ']);
  expect(child).toMatchObject({ exitCode: 3, signalCode: null, killed: false, pidfd: -1 });
  expect(await child.exited).toMatchObject({ code: 3, signal: null });
});

test('the child reads what is written to it until its input ends', async () => {
  const child = await spawn('cat');
  child.stdin?.write('one ');
  child.stdin?.end('two');
  expect(await text(child.stdout)).toBe('one two');
  await child.exited;
});

test.each(['SIGTERM', 'SIGKILL', 'SIGUSR1', 'SIGHUP'] as const)(
  '%s ends the child',
  async (signal) => {
    const child = await spawn('sleep', ['100'], { stdio: 'ignore' });
    expect(child.killed).toBe(false);
    expect(child.kill(signal)).toBe(true);
    expect(child.killed).toBe(true);
    expect(await child.exited).toMatchObject({ code: null, signal });
    expect(child.kill()).toBe(false);
  },
);

test('every exit code arrives', async () => {
  const codes = [0, 1, 2, 100, 127, 128, 200, 255];
  for (const code of codes) {
    const child = await spawn('sh', ['-c', `exit ${code}`], { stdio: 'ignore' });
    expect((await child.exited).code).toBe(code);
  }
});

test('descriptors can be inherited, ignored, files and streams, in any order', async () => {
  const file = join(tmpdir(), `ns-stdio-${process.pid}`);
  const out = openSync(file, 'w+');
  try {
    // What is 1 here becomes 4 there, and the other way round.
    const child = await spawn(
      'sh',
      ['-c', 'echo to-1; echo to-2 >&2; echo to-4 >&4; echo to-5 >&5'],
      {
        stdio: ['ignore', out, out, 'ignore', out, 'pipe'],
      },
    );
    expect(child.stdio.map((stream) => stream !== null)).toEqual([
      false,
      false,
      false,
      false,
      false,
      true,
    ]);
    expect(await text(child.stdio.at(5) as unknown as AsyncIterable<Buffer>)).toBe('to-5\n');
    await child.exited;
    expect(readFileSync(file, 'utf8')).toBe('to-1\nto-2\nto-4\n');
  } finally {
    closeSync(out);
    rmSync(file);
  }
});

test('descriptors that change places do not overwrite each other', async () => {
  const files = ['a', 'b'].map((name) => join(tmpdir(), `ns-swap-${process.pid}-${name}`));
  const [a, b] = files.map((path) => openSync(path, 'w')) as [number, number];
  try {
    const stdio: (number | 'ignore')[] = Array(Math.max(a, b) + 1).fill('ignore');
    stdio[a] = b;
    stdio[b] = a;
    const child = await spawn(
      'sh',
      ['-c', `echo into-b > /proc/self/fd/${a}; echo into-a > /proc/self/fd/${b}`],
      { stdio },
    );
    await child.exited;
    expect(files.map((path) => readFileSync(path, 'utf8'))).toEqual(['into-a\n', 'into-b\n']);
  } finally {
    for (const fd of [a, b]) closeSync(fd);
    for (const path of files) rmSync(path);
  }
});

test('a detached child leads a session and a group of its own', async () => {
  const child = await spawn('sh', ['-c', 'cat /proc/self/stat; read line'], { detached: true });
  const [line] = (await once(child.stdout as NodeJS.EventEmitter, 'data')) as [Buffer];
  const [, , , group, session] = line
    .toString()
    .replace(/\(.*\)/, 'x')
    .split(' ')
    .map(Number);
  expect([group, session]).toEqual([child.pid, child.pid]);
  process.kill(-child.pid, 'SIGKILL');
  await child.exited;
});

test('spawn kills the child on an abort after the start, and emits an AbortError', async () => {
  const controller = new AbortController();
  const child = await spawn('sleep', ['100'], { signal: controller.signal, killSignal: 'SIGKILL' });
  const told = once(child, 'error');
  controller.abort();
  expect(await told).toMatchObject([{ name: 'AbortError', code: 'ABORT_ERR' }]);
  expect((await child.exited).signal).toBe('SIGKILL');
});

test('a child has the descriptors that it was given, and no other', async () => {
  const fd = openSync('/etc/passwd', 'r');
  try {
    // The shell's own is the one with which it reads the directory.
    const child = await spawn('sh', ['-c', 'cd /proc/self/fd; echo *'], { passFds: [fd] });
    const given = (await text(child.stdout)).trim().split(' ').map(Number);
    expect(given).toHaveLength(5);
    expect(given).toEqual(expect.arrayContaining([0, 1, 2, fd]));
    const other = await spawn('sh', ['-c', 'cd /proc/self/fd; echo *']);
    expect(await text(other.stdout)).toBe('0 1 2 3\n');
    await Promise.all([child.exited, other.exited]);
  } finally {
    closeSync(fd);
  }
});

test('a child dies of SIGPIPE when its output is destroyed: it has real pipes', async () => {
  const child = await spawn('yes');
  child.stdout?.once('data', () => child.stdout?.destroy());
  expect(await child.exited).toMatchObject({ code: null, signal: 'SIGPIPE' });
  await run('sh', ['-c', 'echo through a path > /dev/stderr']);
});

test('spawn does not start a child if the signal is already aborted', async () => {
  const start = spawn('sleep', ['100'], { signal: AbortSignal.abort('why') });
  await expect(start).rejects.toMatchObject({
    name: 'AbortError',
    code: 'ABORT_ERR',
    cause: 'why',
  });
});

test('await using ends the child and waits for it', async () => {
  let pid: number;
  {
    await using child = await spawn('sleep', ['100'], { stdio: 'ignore' });
    pid = child.pid;
  }
  expect(readdirSync('/proc')).not.toContain(String(pid));
});

test('a child emits close although its output is not read', async () => {
  const child = await spawn('echo', ['unread']);
  await once(child, 'close');
});

test('two hundred children at once, each with its own result', async () => {
  const children = await Promise.all(
    Array.from({ length: 200 }, (_, i) => spawn('sh', ['-c', `read line; exit ${i}`])),
  );
  expect(new Set(children.map(({ pid }) => pid)).size).toBe(200);
  for (const child of children) child.stdin?.end('go\n');
  const exits = await Promise.all(children.map(({ exited }) => exited));
  expect(exits.map(({ code }) => code)).toEqual(children.map((_, i) => i));
  await Promise.all(children.map((child) => child.stdout?.destroyed || once(child, 'close')));
});

test('a working directory in other mounts is not found by a link of /proc', async () => {
  const cwd = '/proc/self/root'; // in an untrusted root, such a link of another process leads out
  expect((await run('pwd', [], { cwd })).stdout).toBe('/\n');
  const namespaces = [{ type: 'user' }, { type: 'mount' }] as const;
  const error = await run('pwd', [], { cwd, namespaces }).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: 'ELOOP', syscall: 'openat2' });
  expect((await run('pwd', [], { cwd: '/proc/..', namespaces })).stdout).toBe('/\n');
});

test('a child that could not start leaves nothing', async () => {
  for (let i = 0; i < 20; i++) {
    await expect(spawn('/no/such/command')).rejects.toThrow('ENOENT');
    await expect(
      spawn('true', [], { cwd: '/no/such', uid: process.getuid?.() ?? 0 }),
    ).rejects.toThrow('chdir');
  }
});
