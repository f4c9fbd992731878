import { existsSync } from 'node:fs';
import { getuid } from 'node:process';
import { expect, test } from 'vitest';
import { openScope, scopeRequest } from './scope.js';

const systemd = existsSync('/run/systemd/system');

test('a scope is asked for in the words of busctl', () => {
  const options = { name: 'job', pids: [5, 6], slice: 'batch.slice', description: 'a job' };
  const { unit, words } = scopeRequest({ ...options, manager: 'user' });
  expect(unit).toBe('job.scope');
  expect(words.slice(words.indexOf('--') + 1)).toEqual([
    ...['job.scope', 'fail', '5'],
    ...['Description', 's', 'a job'],
    ...['Slice', 's', 'batch.slice'],
    ...['Delegate', 'b', 'true'],
    ...['CollectMode', 's', 'inactive-or-failed'],
    ...['PIDs', 'au', '2', '5', '6'],
    '0',
  ]);
  expect(words[0]).toBe('--user');
});

test('by default the calling process asks for itself, and root asks the system', () => {
  const { words } = scopeRequest();
  expect(words[0]).toBe(getuid?.() === 0 ? '--system' : '--user');
  expect(words.slice(-5)).toEqual(['PIDs', 'au', '1', String(process.pid), '0']);
  expect(scopeRequest().unit).not.toBe(scopeRequest().unit);
});

test('without systemd the error says so', async ({ skip }) => {
  skip(systemd, 'systemd runs here');
  await expect(openScope()).rejects.toMatchObject({
    code: 'ENOENT',
    hint: expect.stringContaining('systemd does not run here'),
  });
});

test('wrong options are refused', () => {
  expect(() => scopeRequest({ name: 'a/b' })).toThrow(TypeError);
  expect(() => scopeRequest({ slice: '' })).toThrow(TypeError);
  expect(() => scopeRequest({ pids: [] })).toThrow(RangeError);
  expect(() => scopeRequest({ pids: [0] })).toThrow(RangeError);
  expect(() => scopeRequest({ manager: 'root' as never })).toThrow(TypeError);
});
