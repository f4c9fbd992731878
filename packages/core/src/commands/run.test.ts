import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isSystemError } from '../sys/system-error.js';
import { run } from './run.js';
import type { RunOptions } from './run-options.js';
import { isRunError, RunError } from './run-result.js';
import { runSync } from './run-sync.js';

// What run and runSync have in common is tested with both.
type Run = (command: string, args?: string[], options?: RunOptions) => Promise<RunResultLike>;
interface RunResultLike {
  stdout: string;
  stderr: string;
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}
const both: [string, Run][] = [
  ['run', (command, args, options) => run(command, args, options as object)],
  ['runSync', async (command, args, options) => runSync(command, args, options as object)],
];

test.each(both)('%s gives output, code and what was used', async (_name, start) => {
  const result = await start('sh', ['-c', 'echo out; echo err >&2']);
  expect(result).toMatchObject({ stdout: 'out\n', stderr: 'err\n', exitCode: 0, signal: null });
  expect(result).toHaveProperty('durationMs', expect.any(Number));
  expect(result).toHaveProperty('resourceUsage.userCPUTime', expect.any(Number));
});

test.each(both)('%s rejects with all it knows when the command fails', async (_name, start) => {
  const error = await start('sh', ['-c', 'echo out; echo no >&2; exit 3']).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(RunError);
  expect(isRunError(error)).toBe(true);
  expect(error).toMatchObject({ exitCode: 3, stdout: 'out\n', stderr: 'no\n', command: 'sh' });
  expect(String(error)).toBe('RunError: sh exited with code 3\nno');
  const result = await start('sh', ['-c', 'kill -HUP $$'], { reject: false });
  expect(result).toMatchObject({ exitCode: null, signal: 'SIGHUP' });
});

test.each(both)('%s feeds input of any size, and takes as much output', async (_name, start) => {
  const input = 'namespace\n'.repeat(200_000);
  const result = await start('cat', [], { input, maxBuffer: 4 * 1024 * 1024 });
  expect(result.stdout === input).toBe(true);
});

test.each(both)('%s does not mind a command that reads no input', async (_name, start) => {
  await expect(start('true', [], { input: 'x'.repeat(1_000_000) })).resolves.toBeTruthy();
});

test.each(both)('%s gives an empty standard input by default', async (_name, start) => {
  expect((await start('cat')).stdout).toBe('');
});

test.each(both)('%s ends a command that writes more than maxBuffer', async (_name, start) => {
  const error = await start('yes', [], { maxBuffer: 1000 }).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER', signal: 'SIGTERM' });
  expect((error as RunError).stdout).toHaveLength(1000);
});

test.each(both)(
  '%s ends a command after its timeout, by the signal chosen',
  async (_name, start) => {
    const error = await start('sleep', ['100'], { timeout: 30, killSignal: 'SIGINT' }).catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ code: 'ETIMEDOUT', signal: 'SIGINT' });
    const result = await start('sleep', ['100'], { timeout: 30, reject: false });
    expect(result).toMatchObject({ code: 'ETIMEDOUT', signal: 'SIGTERM' });
    expect(await start('sh', ['-c', 'kill $$'], { reject: false })).not.toHaveProperty('code');
  },
);

test.each(both)(
  '%s says which command is missing, and which must not be run',
  async (_name, start) => {
    const directory = mkdtempSync(join(tmpdir(), 'ns-run-'));
    try {
      writeFileSync(join(directory, 'data'), 'not a program', { mode: 0o644 });
      const missing = await start('no-such-command', [], { env: { PATH: '/usr/bin:/bin' } }).catch(
        (e: unknown) => e,
      );
      expect(missing).toMatchObject({ code: 'ENOENT', syscall: 'execve', step: 'the child' });
      const refused = await start(join(directory, 'data')).catch((e: unknown) => e);
      expect(isSystemError(refused, 'EACCES')).toBe(true);
      // Found in one directory of PATH but not executable, missing in the next: EACCES, as execvp(3).
      const env = { PATH: `${directory}:/usr/bin` };
      const inPath = await start('data', [], { env }).catch((e: unknown) => e);
      expect(isSystemError(inPath, 'EACCES')).toBe(true);
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
);

test.each(both)('%s looks the command up in the PATH of the child', async (_name, start) => {
  const directory = mkdtempSync(join(tmpdir(), 'ns-run-'));
  try {
    writeFileSync(join(directory, 'greet'), '#!/bin/sh\necho hello', { mode: 0o755 });
    const env = { PATH: `/no/such/directory:${directory}:/usr/bin:/bin` };
    expect((await start('greet', [], { env })).stdout).toBe('hello\n');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.each(both)('%s passes environment, name and directory as they are', async (_name, start) => {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'ns run-')));
  try {
    const { stdout } = await start(
      process.execPath,
      ['-p', 'JSON.stringify([process.argv0, process.cwd(), process.env])'],
      {
        argv0: 'märchen',
        cwd: directory,
        env: { ONE: 'ü=1', TWO: '', THREE: undefined },
      },
    );
    const [argv0, cwd, env] = JSON.parse(stdout) as [string, string, Record<string, string>];
    expect([argv0, cwd]).toEqual(['märchen', directory]);
    expect(env).toEqual({ ONE: 'ü=1', TWO: '' });
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.each(both)('%s names a working directory that is not there', async (_name, start) => {
  const error = await start('true', [], { cwd: '/no/such/directory' }).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: 'ENOENT', syscall: 'chdir', args: ['/no/such/directory'] });
});

test.each(both)('%s decodes output as asked', async (_name, start) => {
  expect((await start('printf', ['\\303\\274'], { encoding: 'hex' })).stdout).toBe('c3bc');
  const bytes = (await start('printf', ['a'], { encoding: 'buffer' })).stdout as unknown;
  expect(Buffer.isBuffer(bytes)).toBe(true);
});

test.each([
  ['command', () => run('')],
  ['command', () => run('a\0b')],
  ['command', () => run(1 as unknown as string)],
  ['args', () => run('true', 'x' as unknown as string[])],
  ['args[1]', () => run('true', ['a', 'b\0'])],
  ['env.A', () => run('true', [], { env: { A: 'x\0y' } })],
  ['cwd', () => run('true', [], { cwd: 5 as unknown as string })],
  ['uid', () => run('true', [], { uid: -1 })],
  ['gid', () => run('true', [], { gid: 2 ** 32 })],
  ['timeout', () => run('true', [], { timeout: -1 })],
  ['killSignal', () => run('true', [], { killSignal: 'SIGNONE' as NodeJS.Signals })],
  ['signal', () => run('true', [], { signal: {} as AbortSignal })],
  ['stdio[1]', () => run('true', [], { stdio: ['ignore', 'what' as 'pipe'] })],
  ['passFds[0]', () => run('true', [], { passFds: [1.5] })],
  ['passFds[0]', () => run('true', [], { passFds: [2] })],
  ['namespaces', () => run('true', [], { namespaces: ['uts' as never] })],
  ['namespaces', () => run('true', [], { namespaces: [{ type: 'uts' }, { type: 'uts' }] })],
  ['encoding', () => run('true', [], { encoding: 'utf9' as BufferEncoding })],
  ['maxBuffer', () => run('true', [], { maxBuffer: Number.NaN })],
  ['input', () => run('true', [], { input: 5 as unknown as string })],
])('a wrong %s is named before anything is called', async (name, start) => {
  const error = await start().catch((e: unknown) => e);
  expect(error instanceof TypeError || error instanceof RangeError).toBe(true);
  expect(String(error)).toContain(name);
});

test('an aborted run rejects with AbortError, before, during and never after', async () => {
  await expect(run('true', [], { signal: AbortSignal.abort() })).rejects.toMatchObject({
    name: 'AbortError',
    code: 'ABORT_ERR',
  });
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 30);
  await expect(run('sleep', ['100'], { signal: controller.signal })).rejects.toMatchObject({
    name: 'AbortError',
    signal: 'SIGTERM',
  });
  const late = new AbortController();
  await run('true', [], { signal: late.signal });
  late.abort();
});

test('runSync refuses what could only happen while it blocks', () => {
  const refused = { signal: AbortSignal.abort(), onSpawn: () => {} };
  for (const [name, value] of Object.entries(refused)) {
    expect(() => runSync('true', [], { [name]: value })).toThrow(`options.${name} is not known`);
  }
  expect(() => runSync('cat', [], { input: ['text'] as never })).toThrow('input must be');
});

test('an identity for the command: as root any, else only what one has', async () => {
  const own = process.getuid?.() ?? 0;
  if (own === 0) {
    const { stdout } = await run('sh', ['-c', 'id -u; id -g; id -G'], { uid: 12345, gid: 23456 });
    expect(stdout).toBe('12345\n23456\n23456\n');
  } else {
    expect((await run('id', ['-u'], { uid: own })).stdout).toBe(`${own}\n`);
    await expect(run('true', [], { uid: own + 1 })).rejects.toMatchObject({
      code: 'EPERM',
      syscall: 'setresuid',
    });
  }
});

test('runSync with another uid and gid drops the supplementary groups', ({ skip }) => {
  skip(process.getuid?.() !== 0, 'only root can have other groups than it was given');
  const script = `
    const { runSync } = await import(${JSON.stringify(join(import.meta.dirname, '../../dist/index.js'))});
    process.setgroups([4, 5]);
    process.stdout.write(runSync('id', ['-G'], { uid: 12345, gid: 23456 }).stdout);
  `;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  expect(output).toBe('23456\n');
});

test('a process of a gigabyte spawns as fast as a small one: nothing of it is copied', () => {
  const script = `
    const big = Buffer.alloc(1024 ** 3, 1);
    const { runSync } = await import(${JSON.stringify(join(import.meta.dirname, '../../dist/index.js'))});
    const faults = () => Number(require('node:fs').readFileSync('/proc/self/stat', 'latin1').split(') ')[1].split(' ')[7]);
    runSync('true');
    const before = faults();
    for (let i = 0; i < 10; i++) runSync('true');
    console.log(faults() - before, big.length);
  `;
  // After a fork, each page that the parent touches again would cost a fault.
  const output = execFileSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { createRequire } from 'node:module'; const require = createRequire('/'); ${script}`,
    ],
    {
      encoding: 'utf8',
    },
  );
  expect(Number(output.split(' ')[0])).toBeLessThan(2000);
  expect(readFileSync('/proc/self/stat', 'utf8')).toBeTruthy();
});
