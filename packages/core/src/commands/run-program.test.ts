import { readdirSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Program } from '../program/program.js';
import { AT } from '../sys/flags.js';
import { isSystemError, SystemError } from '../sys/system-error.js';
import { runProgram, runProgramSync } from './run-program.js';

test('a result is the argument of a later call, and memory comes back', async () => {
  const program = new Program();
  const fd = program.call('openat', AT.FDCWD, '/proc/self/stat', 0);
  const read = program.call('read', fd, new Uint8Array(256), 256);
  const pid = program.call('getpid');
  const results = await runProgram(program);
  const stat = Buffer.from(results.bytesOf(read, 1)).toString('latin1', 0, results.resultOf(read));
  expect(stat).toMatch(new RegExp(`^${results.resultOf(pid)} `));
  expect(results.resultOf(pid)).not.toBe(process.pid);
});

test('64-bit values of either sign arrive as they were given', () => {
  const program = new Program();
  // lseek on a pipe fails with ESPIPE, but an offset is checked by ftruncate first.
  const values = [-1, -(2 ** 33), 2 ** 33 + 5, 2 ** 52, 7n, -7n, 2n ** 63n];
  const fd = program.call('memfd_create', 'test', 1);
  const calls = values.map((value) =>
    program.call('lseek', fd, value, 0, { tolerate: ['EINVAL'] }),
  );
  const results = runProgramSync(program);
  expect(calls.map((call) => results.resultOf(call))).toEqual([
    -22,
    -22,
    2 ** 33 + 5,
    2 ** 52,
    7,
    -22,
    -22,
  ]);
});

test('the program ends at the first error, which names the call and its arguments', () => {
  const program = new Program();
  program.call('chdir', '/');
  program.call('openat', AT.FDCWD, '/no/such/file', 0, {
    step: 'reading the file',
    hint: 'Make it.',
  });
  program.call('exit_group', 3);
  const error = caught(() => runProgramSync(program));
  expect(error).toBeInstanceOf(SystemError);
  expect(error).toMatchObject({
    code: 'ENOENT',
    errno: -2,
    syscall: 'openat',
    args: [AT.FDCWD, '/no/such/file', 0],
    step: 'the child, reading the file',
    hint: 'Make it.',
  });
  expect(String(error)).toContain('openat(AT_FDCWD, "/no/such/file", 0) failed in the child');
});

test('a hint may be for some errors alone', () => {
  const opening = (path: string) => {
    const program = new Program();
    program.call('openat', AT.FDCWD, path, 0, { hint: { ENOENT: 'Make it.' } });
    return caught(() => runProgramSync(program));
  };
  expect(opening('/no/such/file')).toMatchObject({ code: 'ENOENT', hint: 'Make it.' });
  expect(opening('/proc/self/exe/x')).toMatchObject({ code: 'ENOTDIR', hint: undefined });
});

test('a tolerated error lets the program go on, and conditions choose what follows', () => {
  const program = new Program();
  const missing = program.call('chdir', '/no/such/directory', { tolerate: ['ENOENT'] });
  const skipped = program.call('getpid', { ifSucceeded: missing });
  const taken = program.call('getppid', { ifFailed: missing });
  const results = runProgramSync(program);
  expect(results.resultOf(missing)).toBe(-2);
  expect(results.resultOf(skipped)).toBe(0);
  expect(results.resultOf(taken)).toBe(process.pid);
});

test('a result that is not the expected one ends the program with EPROTO', () => {
  const program = new Program();
  program.call('getppid', { expect: 1 });
  expect(
    isSystemError(
      caught(() => runProgramSync(program)),
      'EPROTO',
    ),
  ).toBe(true);
});

test('at a meeting the child waits for the parent, which sees its results', async () => {
  const program = new Program();
  const fd = program.call('memfd_create', 'here', 0);
  const seen: unknown[] = [];
  program.meet(async (child) => {
    await turn();
    const number = child.resultOf(fd);
    seen.push(readdirSync(`/proc/${child.pid}/fd`).includes(String(number)));
  });
  program.meet(() => {
    seen.push('second');
  });
  await runProgram(program);
  expect(seen).toEqual([true, 'second']);
});

test('what the parent throws at a meeting ends the child', async () => {
  const program = new Program();
  let pid = 0;
  program.meet((child) => {
    pid = child.pid;
    throw new Error('no');
  });
  await expect(runProgram(program)).rejects.toThrow('no');
  expect(() => runProgramSync(program)).toThrow('no');
  expect(readdirSync('/proc')).not.toContain(String(pid));
});

test('a synchronous run refuses a meeting that takes time', () => {
  const program = new Program();
  program.meet(async () => {});
  expect(() => runProgramSync(program)).toThrow(TypeError);
});

test('a program of thousands of calls and megabytes of data fits', () => {
  const program = new Program();
  const big = new Uint8Array(3 * 1024 * 1024).fill(65);
  const fd = program.call('memfd_create', 'big', 1);
  const write = program.call('write', fd, big, big.length);
  for (let i = 0; i < 5000; i++) program.call('getpid');
  expect(runProgramSync(program).resultOf(write)).toBe(big.length);
});

function caught(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
