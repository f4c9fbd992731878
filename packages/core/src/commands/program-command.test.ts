import { expect, test } from 'vitest';
import { Program } from '../program/program.js';
import { AT } from '../sys/flags.js';
import { ProgramCommand } from './program-command.js';
import { run } from './run.js';
import type { RunOptions } from './run-options.js';
import { isRunError } from './run-result.js';

/** Runs a program as a command with these options. */
async function results(program: Program, options: RunOptions = {}) {
  using command = new ProgramCommand(program);
  const { file, args, stdio, size: maxBuffer } = command;
  const { stdout } = await run(file, args, { ...options, stdio, maxBuffer, encoding: 'buffer' });
  return command.results(stdout);
}

test('ProgramCommand gives results and memory of its calls, made when all options hold', async () => {
  const program = new Program();
  const fd = program.call('openat', AT.FDCWD, '/proc/self/status', 0);
  const read = program.call('read', fd, new Uint8Array(4096), 4096);
  const limit = program.call('prlimit64', 0, 7, null, new Uint8Array(16));
  const refused = program.call('chdir', '/no/such/directory', { tolerate: ['ENOENT'] });
  const found = await results(program, { noNewPrivileges: true, rlimits: { nofile: 100 } });
  const status = Buffer.from(found.bytesOf(read, 1)).toString('latin1', 0, found.resultOf(read));
  expect(status).toMatch(/^NoNewPrivs:\t1$/m);
  expect(found.bytesOf(limit, 3)[0]).toBe(100);
  expect(found.resultOf(refused)).toBe(-2);
  expect(() => found.bytesOf(refused, 0)).toThrow('argument 0 is not bytes');
});

test('ProgramCommand shows what a call finds in memory that a filter of system calls refuses', async () => {
  const EPERM = 1;
  const program = new Program();
  const pid = program.call('getppid', { tolerate: ['EPERM'] });
  const ALLOW = 0x7fff_0000;
  const word = (code: number, jumps: number, value: number) => [code, jumps, value] as const;
  const { number } = pid;
  const filter = [
    word(0x20, 0, 0),
    word(0x15, 0x0100, number),
    word(6, 0, 0x5_0000 | EPERM),
    word(6, 0, ALLOW),
  ];
  const bytes = new DataView(new ArrayBuffer(filter.length * 8));
  filter.forEach(([code, jumps, value], i) => {
    bytes.setUint16(8 * i, code, true);
    bytes.setUint16(8 * i + 2, jumps, true);
    bytes.setUint32(8 * i + 4, value, true);
  });
  const seccomp = new Uint8Array(bytes.buffer);
  expect((await results(program)).resultOf(pid)).toBe(process.pid);
  expect((await results(program, { noNewPrivileges: true, seccomp })).resultOf(pid)).toBe(-EPERM);
});

test('ProgramCommand ends at an error that is not tolerated, and its output is then not a result', async () => {
  const program = new Program();
  program.call('chdir', '/no/such/directory');
  await expect(results(program)).rejects.toSatisfy(isRunError);
  using command = new ProgramCommand(program);
  expect(() => command.results(new Uint8Array(3))).toThrow('output must have 8 bytes, got 3');
});

test('ProgramCommand refuses a program that meets its parent', () => {
  const program = new Program();
  program.meet(() => {});
  expect(() => new ProgramCommand(program)).toThrow(TypeError);
});
