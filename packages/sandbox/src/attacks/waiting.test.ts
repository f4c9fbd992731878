// Attacks on the process that waits for a command: a call ends in its time (SECURITY.md S5), whatever
// the command leaves behind, ignores or stops, and takes only the memory that it is allowed (S4).
import { isRunError } from '@ns/core';
import { expect, test } from 'vitest';
import { untrusted } from '../options/presets.js';
import { box } from '../sandbox.testing.js';

const MiB = 1024 * 1024;
const caught = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
const late = { code: 'ETIMEDOUT' };

test('run ends at its timeout although a process that was left behind holds the output', async () => {
  const one = await box(untrusted());
  const error = await caught(one.run('sh', ['-c', 'sleep 1000 & exit 0'], { timeout: 300 }));
  expect(error).toMatchObject({ ...late, exitCode: 0 });
});

test('run ends at maxBuffer and keeps nothing beyond it, also if a background process writes', async () => {
  const one = await box(untrusted());
  const before = process.memoryUsage.rss();
  const error = await caught(one.run('sh', ['-c', 'yes & exit 0'], { maxBuffer: 4 * MiB }));
  expect(error).toMatchObject({ code: 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER' });
  expect(isRunError(error) && error.stdout.length).toBe(4 * MiB);
  expect(process.memoryUsage.rss() - before).toBeLessThan(64 * MiB);
});

test('run ends at its timeout although a process inside stops all that come', async () => {
  const one = await box(untrusted());
  const stopper = await one.spawn('sh', ['-c', 'echo ready; while :; do kill -STOP -1; done'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await new Promise((resolve) => stopper.stdout?.once('data', resolve));
  for (let i = 0; i < 5; i++) {
    const error = await caught(one.run('sleep', ['1000'], { timeout: 300 }));
    expect(error).toMatchObject(late);
  }
});

test('the handles of a sandbox are those of the call, also if it is stopped at once', async () => {
  const one = await box();
  const running = caught(one.run('cat', ['/proc/self/status']));
  await one.stop();
  const result = await running;
  // Either it ran inside, or it could not; in no case has it run anywhere else.
  if (!(result instanceof Error))
    expect((result as { stdout: string }).stdout).toMatch(/^NSpid:\s+\d+\s+\d+$/m);
});
