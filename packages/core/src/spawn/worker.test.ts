// In a Worker: the same engine, one copy of its state for the process.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { reapPid } from '../sys/wait.js';
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
    const { parentPort } = require('node:worker_threads');
    import(${JSON.stringify(core)}).then(async ({ spawn }) => {
      const child = await spawn('sleep', ['100'], { stdio: 'ignore', killWithParent: true });
      child.unref();
      parentPort.postMessage(child.pid);
    });
  `;
  const worker = new Worker(script, { eval: true });
  const [[pid]] = (await Promise.all([once(worker, 'message'), once(worker, 'exit')])) as [
    [number],
    unknown,
  ];
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(process.kill(pid, 0)).toBe(true);
  process.kill(pid, 'SIGKILL');
  reapPid(pid); // nobody else does: its Worker is gone
});
