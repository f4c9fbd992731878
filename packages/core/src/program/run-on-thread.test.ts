import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { runProgramSync } from '../commands/run-program.js';
import { AT } from '../sys/flags.js';
import { isSystemError, type SystemError } from '../sys/system-error.js';
import { fdCount } from '../testing/index.js';
import { Program } from './program.js';
import { runOnThread } from './run-on-thread.js';

const AT_REMOVEDIR = 0x200;
const O_RDWR_CREAT_CLOEXEC = 0o2000102;
let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ns-thread-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
});

function errorOf(run: () => unknown): SystemError {
  try {
    run();
  } catch (error) {
    if (isSystemError(error)) return error;
    throw error;
  }
  throw new Error('no error');
}

/** The ways to carry out a program. */
const ways = [
  ['runOnThread', (program: Program) => void runOnThread(program)],
  ['runProgramSync', (program: Program) => void runProgramSync(program)],
] as const;

test.each(ways)('%s passes results on, skips by conditions and tolerates errors', (_, run) => {
  const file = join(directory, 'file');
  const program = new Program();
  const missing = program.call('openat', AT.FDCWD, `${file}.not`, 0, 0, { tolerate: ['ENOENT'] });
  const made = program.call('openat', AT.FDCWD, file, O_RDWR_CREAT_CLOEXEC, 0o600, {
    ifFailed: missing,
  });
  program.call('write', made, 'yes', 3, { expect: 3 });
  program.call('write', made, 'no', 2, { ifSucceeded: missing });
  program.call('write', made, 'no', 2, { ifFailed: made });
  program.call('close', made);
  run(program);
  expect(readFileSync(file, 'utf8')).toBe('yes');
});

test.each(ways)('%s stores results and numbers in memory that later calls read', (_, run) => {
  const file = join(directory, 'file');
  const program = new Program();
  const bytes = new Uint8Array(12);
  const pid = program.call('getpid');
  program.store(pid, bytes, 0, 4);
  program.store(program.descriptor(7), bytes, 4, 8);
  const fd = program.call('openat', AT.FDCWD, file, O_RDWR_CREAT_CLOEXEC, 0o600);
  program.call('write', fd, bytes, bytes.length, { expect: 12 });
  run(program);
  const view = new DataView(new Uint8Array(readFileSync(file)).buffer);
  expect(view.getInt32(0, true)).toBeGreaterThan(0);
  expect(view.getBigInt64(4, true)).toBe(7n);
});

test.each(ways)('%s ends at an unexpected result with EPROTO', (_, run) => {
  const program = new Program();
  program.call('getpid', { expect: 0 });
  program.call('mkdirat', AT.FDCWD, join(directory, 'later'), 0o700);
  expect(errorOf(() => run(program)).code).toBe('EPROTO');
  expect(() => readFileSync(join(directory, 'later'))).toThrow('ENOENT');
});

test('runOnThread and a child report a failure with the same part, hint and arguments', () => {
  const message = join(directory, 'message');
  writeFileSync(message, 'because');
  const program = new Program();
  const log = program.call('openat', AT.FDCWD, message, 0, 0);
  const memory = new Uint8Array(64);
  const failed = program.call('mkdirat', AT.FDCWD, directory, 0o700, {
    step: 'making it',
    part: 'mount',
    hint: 'not this one',
  });
  program.call('read', log, memory, 64, {
    ifFailed: failed,
    explains: (text) => `It says: ${text}`,
  });
  const [here, child] = ways.map(([, run]) => errorOf(() => run(program)));
  expect(here).toMatchObject({ code: 'EEXIST', syscall: 'mkdirat', part: 'mount' });
  expect(here).toMatchObject({ step: 'making it', hint: 'It says: because' });
  expect(child).toMatchObject({ step: 'the child, making it' });
  for (const key of ['code', 'errno', 'syscall', 'args', 'part', 'hint'] as const) {
    expect(here?.[key]).toEqual(child?.[key]);
  }
});

test('runOnThread takes a hint by the error code', () => {
  const program = new Program();
  const hint = { ENOENT: 'it is missing', EPERM: 'not this one' };
  program.call('umount2', join(directory, 'missing'), 0, { hint });
  expect(errorOf(() => runOnThread(program)).hint).toMatch(/it is missing|not this one/);
});

test('runOnThread closes all descriptors, after a failure too, except that of the kept call', () => {
  const file = join(directory, 'file');
  const before = fdCount();
  const program = new Program();
  program.call('openat', AT.FDCWD, file, O_RDWR_CREAT_CLOEXEC, 0o600);
  program.call('close', program.call('openat', AT.FDCWD, file, 0, 0));
  const kept = program.call('openat', AT.FDCWD, file, 0, 0);
  const fd = runOnThread(program, kept);
  expect(fdCount()).toBe(before + 1);
  const closing = new Program();
  closing.call('close', closing.descriptor(fd));
  runOnThread(closing);
  program.call('unlinkat', AT.FDCWD, file, AT_REMOVEDIR, { step: 'failing' });
  expect(errorOf(() => runOnThread(program, kept)).code).toBe('ENOTDIR');
  expect(fdCount()).toBe(before);
});

test('runOnThread refuses a meeting and an exec before any call is made', () => {
  const path = join(directory, 'made');
  for (const add of [
    (program: Program) => program.meet(() => {}),
    (program: Program) => program.call('execve', '/bin/true', ['true'], []),
  ]) {
    const program = new Program();
    program.call('mkdirat', AT.FDCWD, path, 0o700);
    add(program);
    expect(() => runOnThread(program)).toThrow(TypeError);
    expect(() => readFileSync(path)).toThrow('ENOENT');
  }
});
