import { expect, test } from 'vitest';
import type { NamespaceSpec } from '../program/spec.js';
import { hold } from './hold.js';
import { spawn } from './spawn.js';

const failing = (act: (child: Parameters<NonNullable<NamespaceSpec['prepare']>>[0]) => void) => [
  { type: 'user' } as const,
  { type: 'uts', prepare: act } as const,
];

test('the error of a child carries the type of the specification whose call failed', async () => {
  const namespaces = failing((child) => {
    child.program('settings').call('chdir', '/no/cgroup ids', { step: 'joining the cgroup' });
  });
  await expect(spawn('true', [], { namespaces })).rejects.toMatchObject({
    code: 'ENOENT',
    part: 'uts',
  });
});

test('an option of the call takes the place of that type', async () => {
  const namespaces = failing((child) => {
    child.program('settings').call('chdir', '/no', { part: 'mount' });
  });
  await expect(spawn('true', [], { namespaces })).rejects.toMatchObject({ part: 'mount' });
});

test('an error of a meeting carries the part, and stays the same object', async () => {
  const error = new RangeError('of the parent');
  const namespaces = failing((child) => {
    child.program('settings').meet(() => {
      throw error;
    });
  });
  const caught = await hold({ namespaces }).catch((reason: unknown) => reason);
  expect(caught).toBe(error);
  expect(caught).toHaveProperty('part', 'uts');
});

test.each([
  [{ cwd: '/no/such/ids' }, 'command'],
  [{ rlimits: { nofile: 2 ** 40 } }, 'limits'],
  [{ seccomp: new Uint8Array(8), noNewPrivileges: true }, 'seccomp'],
] as const)('with %j the error carries the part %s', async (options, part) => {
  await expect(spawn('true', [], options)).rejects.toMatchObject({ part });
});

test('a command that is not there is an error of the command', async () => {
  await expect(spawn('/no/such/command')).rejects.toMatchObject({ part: 'command' });
});
