// Temporary directories of sandboxes are removed, also those of a killed process: SECURITY.md S10.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isRoot } from '@ns/core/testing';
import { expect, test } from 'vitest';
import { outside, ownTemporaries } from '../sandbox.testing.js';
import { removeLeftTemporaries } from './temporary-directory.js';

const module = new URL('../../dist/index.js', import.meta.url).href;

/** A process that has a sandbox whose changes are listed. */
async function caller(directory: string) {
  const source = `
    import { sandbox } from ${JSON.stringify(module)};
    const root = { directory: ${JSON.stringify(directory)}, overlay: 'list' };
    const box = await sandbox.create({ root });
    console.log(box.pid);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(createInterface({ input: child.stdout }), 'line');
  return child;
}

test('what a killed process has left is removed by the next, and what lives is not', async () => {
  const directory = outside();
  for (const name of ['dev', 'proc', 'sys', 'tmp']) mkdirSync(join(directory, name));
  const temporaries = ownTemporaries();
  const named = () => readdirSync(temporaries).filter((name) => name.startsWith('ns-sandbox-'));
  const [dead, alive] = [await caller(directory), await caller(directory)];
  const made = named();
  expect(made).toHaveLength(2);
  // The kernel ends what was in it, and with it the lock, in its own time.
  const left = async () => {
    await removeLeftTemporaries(temporaries);
    return made.filter((name) => existsSync(join(temporaries, name))).length;
  };
  expect(await left()).toBe(2);
  for (const [child, rest] of [
    [dead, 1],
    [alive, 0],
  ] as const) {
    child.kill('SIGKILL');
    await once(child, 'close');
    await expect.poll(left, { timeout: 30_000 }).toBe(rest);
  }
});

test('directories of others, and what only has such a name, stay', async () => {
  const directory = outside();
  mkdirSync(join(directory, 'other'));
  writeFileSync(join(directory, 'ns-sandbox-file'), '');
  symlinkSync('other', join(directory, 'ns-sandbox-link'));
  const kept = ['ns-sandbox-file', 'ns-sandbox-link', 'other'];
  if (isRoot) {
    const ofAnother = join(directory, 'ns-sandbox-another');
    mkdirSync(ofAnother);
    chownSync(ofAnother, 54_321, 54_321);
    kept.unshift('ns-sandbox-another');
  }
  await removeLeftTemporaries(directory);
  expect(readdirSync(directory).sort()).toEqual(kept);
});
