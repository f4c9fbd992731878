// A Worker that lives in other namespaces.

import { once } from 'node:events';
import { mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createNamespace } from '../child/create-namespace.js';
import { inWorker } from '../testing/in-worker.js';
import { fdCount, threadNamespaces } from '../testing/index.js';
import { NamespaceWorker, type NamespaceWorkerOptions } from './namespace-worker.js';

type Namespaces = NamespaceWorkerOptions['namespaces'];

const inside = (namespaces: NonNullable<Namespaces>, body: string, workerData?: unknown) =>
  inWorker(
    body,
    workerData,
    (source, options) => new NamespaceWorker(source, { ...options, namespaces }),
  );

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ns-worker-'));
  const report = `
    const seen = { data: workerData, port: parentPort !== null, threadId, isMainThread, argv: process.argv.slice(1) };
    parentPort.postMessage({ ...seen, uts: readlinkSync('/proc/thread-self/ns/uts') });`;
  const names = '{ isMainThread, parentPort, threadId, workerData }';
  writeFileSync(
    join(directory, 'module.mjs'),
    `import ${names} from 'node:worker_threads'; import { readlinkSync } from 'node:fs';${report}`,
  );
  writeFileSync(
    join(directory, 'module.cjs'),
    `const ${names} = require('node:worker_threads'); const { readlinkSync } = require('node:fs');
     if (require.main !== module) throw new Error('not the main module');${report}`,
  );
});
afterAll(() => rmSync(directory, { recursive: true }));

test('the thread is in the namespaces, the others stay where they are', async () => {
  const before = threadNamespaces().get(process.pid);
  using net = createNamespace('net');
  const result = await inside(
    [net, 'uts'],
    `
    const home = fs.readlinkSync('/proc/self/ns/uts');
    syscall('sethostname', 'worker', 6);
    return {
      net: link('net'),
      moved: link('uts') !== home,
      hostname: os.hostname(),
      child: execFileSync('hostname', { encoding: 'utf8' }).trim(),
      spawned: (await run('hostname')).stdout.trim(),
      interfaces: os.networkInterfaces(),
      pool: (await fs.promises.readFile('/proc/sys/kernel/hostname', 'utf8')).trim(),
      away: isAway(),
    };`,
  );
  expect(result).toEqual({
    net: `${net}`,
    moved: true,
    hostname: 'worker',
    child: 'worker',
    spawned: 'worker',
    interfaces: {},
    pool: readFileSync('/proc/sys/kernel/hostname', 'utf8').trim(),
    away: true,
  });
  expect(threadNamespaces().get(process.pid)).toEqual(before);
});

test.each(['module.mjs', 'module.cjs'])(
  'the code of %s finds what it would find in any Worker',
  async (file) => {
    using uts = createNamespace('uts');
    const buffer = new ArrayBuffer(4);
    const options = { workerData: { map: new Map([[1, buffer]]) }, argv: ['a', 'b'] };
    const path = join(directory, file);
    const plain = new Worker(path, options);
    const [[expected]] = await Promise.all([once(plain, 'message'), once(plain, 'exit')]);
    const worker = new NamespaceWorker(path, {
      ...options,
      namespaces: [uts],
      transferList: [buffer],
    });
    expect(worker).toBeInstanceOf(Worker);
    const { threadId } = worker;
    const [[found]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
    expect(found).toEqual({ ...expected, threadId, uts: `${uts}` });
    expect(buffer.byteLength).toBe(0);
  },
);

test('code may be text, a URL, and take messages', async () => {
  using uts = createNamespace('uts');
  const evaluated = new NamespaceWorker(
    `const { parentPort } = require('node:worker_threads');
     parentPort.once('message', async (text) => {
       const { readlinkSync } = await import('node:fs');
       parentPort.postMessage([text, readlinkSync('/proc/thread-self/ns/uts')]);
     });`,
    { eval: true, namespaces: [uts] },
  );
  evaluated.postMessage('early');
  // Both may come in one turn: a Worker that has ended delivers what it has sent right before.
  const [early] = await Promise.all([once(evaluated, 'message'), once(evaluated, 'exit')]);
  expect(early).toEqual([['early', `${uts}`]]);
  const source = `
    import { readlinkSync } from 'node:fs';
    import { parentPort, workerData } from 'node:worker_threads';
    parentPort.postMessage([workerData, readlinkSync('/proc/thread-self/ns/uts')]);`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
  const data = new NamespaceWorker(url, { namespaces: [uts], workerData: 1 });
  const [message] = await Promise.all([once(data, 'message'), once(data, 'exit')]);
  expect(message).toEqual([[1, `${uts}`]]);
});

test('a handle may be closed at once, and nothing stays open', async () => {
  const before = fdCount();
  const net = createNamespace('net');
  const name = `${net}`;
  const result = inside([net], `return link('net')`);
  net.close();
  expect(await result).toBe(name);
  const terminated = new NamespaceWorker('setInterval(() => {}, 1000)', {
    eval: true,
    namespaces: ['uts'],
  });
  await terminated.terminate();
  expect(fdCount()).toBe(before);
});

test('a mount namespace of another user namespace is refused: its owner decides what is in the files', () => {
  using user = createNamespace('user');
  using mount = createNamespace('mount', { user });
  expect(() => new NamespaceWorker('./any.js', { namespaces: [mount] })).toThrow(
    `cannot join ${mount}: it belongs to ${user}`,
  );
});

test('a mount namespace is private if it is new, and may be joined', async () => {
  using mount = createNamespace('mount');
  const joined = await inside([mount], `return [link('mnt'), process.cwd() !== '']`);
  expect(joined).toEqual([`${mount}`, true]);
  const mounted = await inside(
    ['mount'],
    `
    syscall('mount', 'none', workerData, 'tmpfs', 0, null);
    return fs.readFileSync('/proc/thread-self/mountinfo', 'utf8').includes(workerData);`,
    directory,
  );
  expect(mounted).toBe(true);
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(directory);
});

test('children of the Worker, and Workers, are born in there', async () => {
  using net = createNamespace('net');
  using ipc = createNamespace('ipc');
  const result = await inside(
    [net, ipc],
    `
    const { Worker } = process.getBuiltinModule('node:worker_threads');
    const worker = new Worker(
      "const { parentPort } = require('node:worker_threads'); parentPort.postMessage(require('node:fs').readlinkSync('/proc/thread-self/ns/net'))",
      { eval: true },
    );
    const at = await new Promise((resolve) => worker.once('message', resolve));
    const child = await spawn('readlink', ['/proc/self/ns/ipc'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let seen = '';
    for await (const line of child.lines) seen += line;
    await child.exited;
    return [at, seen];`,
  );
  expect(result).toEqual([`${net}`, `${ipc}`]);
});

test('libuv has its threads outside, although the Worker is the first to use them', async () => {
  const { execFileSync } = await import('node:child_process');
  const { core } = await import('../testing/in-worker.js');
  const worker = `
    const fs = require('node:fs');
    Promise.all(Array.from({ length: 50 }, () => fs.promises.stat('/'))).then(() => {
      const at = (tid) => fs.readlinkSync('/proc/self/task/' + tid + '/ns/net');
      const here = fs.readlinkSync('/proc/thread-self/ns/net');
      console.log(fs.readdirSync('/proc/self/task').filter((tid) => at(tid) === here).length);
    });`;
  const script = `
    const { NamespaceWorker } = require(${JSON.stringify(core)});
    new NamespaceWorker(${JSON.stringify(worker)}, { eval: true, namespaces: ['net'] });`;
  expect(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })).toBe('1\n');
});

test('NamespaceWorker throws at once for a closed handle', () => {
  const uts = createNamespace('uts');
  const name = readlinkSync(`/proc/self/fd/${uts.fd}`);
  expect(name).toMatch(/^uts:/);
  uts.close();
  expect(() => new NamespaceWorker('', { eval: true, namespaces: [uts] })).toThrow(/closed/);
});
