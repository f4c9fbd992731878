// In a Worker: the same engine, one copy of its state for the process.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { reapPidIfEnded } from '../sys/wait.js';
import { core, inWorker } from '../testing/in-worker.js';

test('spawn, run and runSync work in a Worker', async () => {
  const result = await inWorker(`
    const child = await spawn('sh', ['-c', 'exit 4']);
    const { code } = await child.exited;
    const { stdout } = await run('cat', [], { input: 'hello' });
    return [code, stdout, runSync('echo', ['sync']).stdout];
  `);
  expect(result).toEqual([4, 'hello', 'sync\n']);
});

test('Workers that spawn at the same time do not disturb each other', async () => {
  const outputs = await Promise.all(
    [1, 2, 3, 4].map((n) =>
      inWorker(`
        const outputs = await Promise.all(Array.from({ length: 20 }, (_, i) => run('echo', [\`${n}-\${i}\`])));
        return outputs.map(({ stdout }) => stdout.trim()).join();
      `),
    ),
  );
  expect(outputs).toEqual(
    [1, 2, 3, 4].map((n) => Array.from({ length: 20 }, (_, i) => `${n}-${i}`).join()),
  );
});

test('a child survives the Worker that spawned it: killWithParent means the process', async () => {
  const script = `
    const { readlinkSync } = require('node:fs');
    const { parentPort } = require('node:worker_threads');
    import(${JSON.stringify(core)}).then(async ({ spawn }) => {
      const child = await spawn('sleep', ['100'], { stdio: 'ignore', killWithParent: true });
      child.unref();
      parentPort.postMessage([child.pid, readlinkSync('/proc/thread-self')]);
    });
  `;
  const worker = new Worker(script, { eval: true });
  const [[[pid, thread]]] = (await Promise.all([
    once(worker, 'message'),
    once(worker, 'exit'),
  ])) as [[[number, string]], unknown];
  // When the kernel has let go of the thread, it has also sent what it was asked to send then.
  await expect.poll(() => existsSync(`/proc/${thread}`)).toBe(false);
  process.kill(pid, 'SIGTERM');
  // Its Worker is gone, so only this test reaps it. It died of the first signal.
  await expect.poll(() => reapPidIfEnded(pid)?.signal).toBe('SIGTERM');
});

test('what Workers alone have loaded stays, and they leave no runner open', () => {
  const worker = `
    require(${JSON.stringify(core)}).runSync('true', [], { namespaces: [{ type: 'user' }], init: true });
  `;
  const script = `
    const { once } = require('node:events');
    const { readdirSync, readlinkSync } = require('node:fs');
    const { Worker } = require('node:worker_threads');
    const isRunner = (fd) => {
      try {
        return readlinkSync('/proc/self/fd/' + fd).includes('ns-runner');
      } catch {
        return false; // that of the list itself
      }
    };
    (async () => {
      for (let i = 0; i < 3; i++) await once(new Worker(${JSON.stringify(worker)}, { eval: true }), 'exit');
      console.log(readdirSync('/proc/self/fd').filter(isRunner).length);
    })();
  `;
  expect(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })).toBe('0\n');
});
