// Watched descriptors: what is watched stays so, and the end of the process is a clean one.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { sys } from '../testing/in-worker.js';
import { closeFd, pipe } from './fd.js';
import { rawWatch } from './native.js';
import { syscall } from './syscall.js';

// A descriptor that becomes ready when the thread's event loop has already ended.
const watching = `
  const { pipe, syscall, watch } = await import(${JSON.stringify(sys)});
  const { read, write } = pipe();
  const watched = watch(read, { readable: true }, () => {});
  process.on('exit', () => {
    syscall('write', write, new Uint8Array(1), 1);
    console.log('ready');
  });
`;
const inWorker = (body: string) => `
  import { Worker } from 'node:worker_threads';
  const source = ${JSON.stringify(`(async () => { ${watching} ${body} })()`)};
  const worker = new Worker(source, { eval: true });
  worker.on('exit', () => console.log('worker ended'));
`;

const ends: Record<string, readonly [script: string, said: string]> = {
  'has nothing left to do': [`${watching} watched.unref();`, 'ready\n'],
  'calls process.exit': [`${watching} process.exit();`, 'ready\n'],
  'ends with a Worker that has nothing left to do': [
    inWorker('watched.unref();'),
    'ready\nworker ended\n',
  ],
  'ends with a Worker that calls process.exit': [
    inWorker('process.exit();'),
    'ready\nworker ended\n',
  ],
};

test.each(Object.entries(ends))(
  'a watched descriptor becomes ready while the process %s',
  (_, [script, said]) => {
    // Without the care that native.ts takes, Node aborts with SIGABRT.
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    expect(child).toMatchObject({ status: 0, signal: null, stdout: said, stderr: '' });
  },
);

test('a watch without references goes on until it is closed', () => {
  const script = `
    import { pipe, syscall, watch } from ${JSON.stringify(sys)};
    const { read, write } = pipe();
    (() => {
      watch(read, { readable: true }, () => {
        console.log('called');
        process.exit();
      });
    })();
    for (let i = 0; i < 5; i++) {
      gc();
      await new Promise((resolve) => setImmediate(resolve));
    }
    syscall('write', write, new Uint8Array(1), 1);
  `;
  const args = ['--expose-gc', '--input-type=module', '-e', script];
  const child = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(child).toMatchObject({ status: 0, signal: null, stdout: 'called\n', stderr: '' });
});

test('a closed watch does not call its callback, and its methods do no harm', async () => {
  const { read, write } = pipe();
  try {
    let calls = 0;
    const closed = rawWatch(read, { readable: true }, () => calls++);
    closed.close();
    closed.close();
    closed.ref();
    closed.unref();
    syscall('write', write, new Uint8Array(1), 1);
    const watcher = new EventTarget();
    const watch = rawWatch(read, { readable: true }, () =>
      watcher.dispatchEvent(new Event('ready')),
    );
    await once(watcher, 'ready');
    watch.close();
    expect(calls).toBe(0);
  } finally {
    closeFd(read);
    closeFd(write);
  }
});
