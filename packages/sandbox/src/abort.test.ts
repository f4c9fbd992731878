// Aborts of the start of a sandbox: an AbortError at any time, and nothing is left behind.
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Cgroup } from '@ns/cgroup';
import { isSystemError } from '@ns/core';
import { fdCount } from '@ns/core/testing';
import { expect, onTestFailed, test } from 'vitest';
import { createSandbox } from './create-sandbox.js';
import { run } from './run.js';
import { outside, ownTemporaries } from './sandbox.testing.js';

const ROUNDS = 50;
const reason = new Error('enough');
const aborted = { name: 'AbortError', code: 'ABORT_ERR', cause: reason };

/** Pids of all children of this process, of whichever thread. */
function children(): string[] {
  return readdirSync('/proc/self/task').flatMap((tid) => {
    const path = `/proc/self/task/${tid}/children`;
    return existsSync(path) ? readFileSync(path, 'utf8').split(' ').filter(Boolean) : [];
  });
}

/** Names of the groups that this process has made below its own. */
function groups(): string[] {
  try {
    using own = Cgroup.of('self');
    return own.listChildren().filter((name) => name.startsWith(`ns-sandbox-${process.pid}-`));
  } catch (error) {
    if (isSystemError(error)) return []; // without a tree, there are none
    throw error;
  }
}

const mounts = () => readFileSync('/proc/self/mountinfo', 'utf8');

/** Returns numbers from 0 to 1 that depend on a seed alone (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Runs a start many times, and aborts it after a random part of the time that it takes. */
async function abortAtRandom(start: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const seed = Date.now() & 0xffff;
  onTestFailed(() => console.error(`seed ${seed}`));
  const random = randomFrom(seed);
  const temporaries = ownTemporaries();
  await start(new AbortController().signal); // what is made once for all
  const before = { fds: fdCount(), mounts: mounts() };
  const began = performance.now();
  await start(new AbortController().signal);
  const takes = performance.now() - began;
  let count = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const controller = new AbortController();
    const starting = start(controller.signal).catch((error: unknown) => {
      expect(error).toMatchObject(aborted);
      count++;
    });
    const abort = async () => {
      await delay(random() * takes);
      controller.abort(reason);
    };
    await Promise.all([starting, abort()]);
  }
  expect(count).toBeGreaterThan(0);
  expect(mounts()).toBe(before.mounts);
  expect(groups()).toEqual([]);
  expect(readdirSync(temporaries)).toEqual([]);
  await expect.poll(children).toEqual([]);
  await expect.poll(fdCount).toBe(before.fds);
}

test('sandbox.create and sandbox.run reject before they start if the signal has fired', async () => {
  const signal = AbortSignal.abort(reason);
  await expect(createSandbox({ signal })).rejects.toMatchObject(aborted);
  await expect(run('true', [], { signal })).rejects.toMatchObject(aborted);
});

test('a signal that fires after the creation leaves the sandbox alone', async () => {
  const controller = new AbortController();
  await using box = await createSandbox({ signal: controller.signal });
  controller.abort(reason);
  expect((await box.run('echo', ['here'])).stdout).toBe('here\n');
});

test('sandbox.create that is aborted at any time leaves nothing behind', async () => {
  await abortAtRandom(async (signal) => {
    await using _box = await createSandbox({ signal });
  });
}, 120_000);

test('sandbox.create with layers that is aborted at any time leaves nothing behind', async () => {
  const directory = outside();
  await abortAtRandom(async (signal) => {
    await using _box = await createSandbox({ root: { directory, overlay: 'list' }, signal });
  });
}, 120_000);

function mayOpenTun(): boolean {
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

test('sandbox.create with a way outside that is aborted at any time leaves nothing behind', async ({
  skip,
}) => {
  const found = (process.env.PATH ?? '').split(':').some((one) => existsSync(`${one}/pasta`));
  skip(!found, 'needs pasta(1)');
  skip(!mayOpenTun(), 'this user may not open /dev/net/tun');
  await abortAtRandom(async (signal) => {
    await using _box = await createSandbox({ network: { uplink: 'pasta' }, signal });
  });
}, 240_000);

test('sandbox.run that is aborted at any time leaves nothing behind', async () => {
  await abortAtRandom((signal) => run('true', [], { signal }));
}, 120_000);
