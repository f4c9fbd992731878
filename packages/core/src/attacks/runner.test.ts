// The executable of PID 1 belongs to the caller, and a command below it can reach it: SECURITY.md S7.

import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hold } from '../commands/hold.js';
import { run } from '../commands/run.js';
import { spawn } from '../commands/spawn.js';
import { syscall } from '../sys/syscall.js';
import { rootMap, withInit } from '../testing/eight-namespaces.js';

const namespaces = [rootMap, withInit];

/** Permissions of the executable of a process. */
const modeOf = (pid: number) => statSync(`/proc/${pid}/exe`).mode & 0o777;

const attack = readFileSync(join(import.meta.dirname, 'fixtures/own-init.py'), 'utf8');

test('a command that works on the executable of its init does not keep its caller from starting others', async () => {
  await using enemy = await spawn('python3', ['-c', attack], { namespaces });
  const line = await enemy.lines[Symbol.asyncIterator]().next();
  // It is its own, so some of that is permitted, and would reach every other child if they shared it.
  expect(line.value).toContain('no read');
  expect(line.value).not.toContain('truncate');
  for (let i = 0; i < 3; i++) {
    await run('true', [], { namespaces });
    await run('true', [], { namespaces: [rootMap], uid: 0, gid: 0 });
    await using held = await hold({ namespaces });
    expect(modeOf(held.pid)).toBe(0o555);
  }
});

test('the executable of an init has all seals of this kernel, and a mode without write', async () => {
  const [GET_SEALS, SEALS, SEAL_EXEC] = [1034, 0xf, 0x20];
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const sealsMode = major > 6 || (major === 6 && minor >= 3);
  await using held = await hold({ namespaces });
  const file = openSync(`/proc/${held.pid}/exe`, 'r');
  try {
    const wanted = sealsMode ? SEALS | SEAL_EXEC : SEALS;
    expect(syscall('fcntl', file, GET_SEALS) & wanted).toBe(wanted);
    expect(modeOf(held.pid)).toBe(0o555);
  } finally {
    closeSync(file);
  }
});
