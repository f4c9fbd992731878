// A part that is refused while a sandbox is built (SECURITY.md S9).
import { expect, test } from 'vitest';
import { parseSandboxOptions } from '../options/members.js';
import { buildSandbox } from './build.js';

test('buildSandbox tries once without an optional part, and throws if the part is refused again', async () => {
  let tries = 0;
  const settings = parseSandboxOptions({ cgroup: false, optional: ['uts', 'time'] });
  const made = buildSandbox(settings, async ({ as, missing }) => {
    tries++;
    // The end of an endless loop, as an error of no part.
    if (tries > 5) throw new Error('it is tried again and again');
    return as('uts', () => Promise.reject(new Error(`refused, without ${missing.length} parts`)));
  });
  await expect(made).rejects.toMatchObject({
    part: 'uts',
    cause: new Error('refused, without 1 parts'),
  });
  expect(tries).toBe(2);
});
