import { expect, test } from 'vitest';
import { runProgramSync } from '../commands/run-program.js';
import { AT } from '../sys/flags.js';
import { SystemError } from '../sys/system-error.js';
import { Program } from './program.js';

const POLLIN = 1;

test('a result is stored in a structure that a later call is given', () => {
  const program = new Program();
  const fd = program.call('openat', AT.FDCWD, '/proc/self/stat', 0);
  const poll = new Uint8Array(8);
  poll[4] = POLLIN;
  program.store(fd, poll, 0, 4);
  const ready = program.call('ppoll', poll, 1, new Uint8Array(16), null, 0);
  const results = runProgramSync(program);
  expect(results.resultOf(ready)).toBe(1);
  const memory = new DataView(results.bytesOf(ready, 0).buffer);
  expect(memory.getInt32(0, true)).toBe(results.resultOf(fd));
});

test('bytes that two calls name are one piece of memory', () => {
  const program = new Program();
  const bytes = new Uint8Array(5);
  const comm = program.call('openat', AT.FDCWD, '/proc/version', 0);
  program.call('read', comm, bytes, 5);
  const copy = program.call('memfd_create', 'copy', 1);
  program.call('write', copy, bytes, 5);
  program.call('lseek', copy, 0, 0);
  const back = program.call('read', copy, new Uint8Array(5), 5);
  expect(Buffer.from(runProgramSync(program).bytesOf(back, 1)).toString()).toBe('Linux');
});

test('what does not fit is refused when the step is added', () => {
  const program = new Program();
  const fd = program.call('getpid');
  expect(() => program.store(fd, new Uint8Array(8), 1, 8)).toThrow(RangeError);
  expect(() => program.store(fd, new Uint8Array(8), -1, 4)).toThrow(RangeError);
});

test('a failure is explained by what is read because of it, and nothing else happens then', () => {
  const program = new Program();
  const notes = program.call('openat', AT.FDCWD, '/proc/version', 0);
  const failing = program.call('openat', AT.FDCWD, '/no/such/file', 0, { hint: 'None.' });
  program.call('exit_group', 3);
  program.call('read', notes, new Uint8Array(5), 5, {
    ifFailed: failing,
    explains: (text) => `It is ${text}.`,
  });
  program.call('exit_group', 4);
  const error = caught(() => runProgramSync(program));
  expect(error).toBeInstanceOf(SystemError);
  expect(error).toMatchObject({ code: 'ENOENT', syscall: 'openat', hint: 'It is Linux.' });
});

test('a failure that cannot be explained keeps its own hint', () => {
  const program = new Program();
  const failing = program.call('openat', AT.FDCWD, '/no/such/file', 0, { hint: 'None.' });
  program.call('read', -1, new Uint8Array(5), 5, { ifFailed: failing, explains: (text) => text });
  const error = caught(() => runProgramSync(program));
  expect(error).toMatchObject({ code: 'ENOENT', syscall: 'openat', hint: 'None.' });
});

function caught(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
