import { Namespace, spawn } from '@ns/core';
import { expect, onTestFinished, test } from 'vitest';
import { parseConnector } from './connector.js';
import { owner } from './owner.testing.js';
import { pid } from './spec.js';
import { translatePid } from './translate.js';
import { watchProcesses } from './watch-processes.js';

async function spawnInside(script: string) {
  const child = await spawn('sh', ['-c', script], {
    namespaces: [...owner, pid()],
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  onTestFinished(() => child[Symbol.asyncDispose]());
  return child;
}

test('watchProcesses reports births and deaths in its namespace only', async () => {
  const child = await spawnInside('read x; sleep 1000 & read x; kill $!; wait; read x');
  using watch = watchProcesses({ in: child.pid, interval: 5 });
  const stranger = await spawn('true', [], { stdio: 'ignore' });
  await stranger.exited;
  const first = watch.next();
  child.stdin?.write('\n');
  const birth = await first;
  const sleep = translatePid(3, { from: child.pid })?.pid;
  expect(birth.value).toEqual({ kind: 'birth', pid: sleep });
  child.stdin?.write('\n');
  expect((await watch.next()).value).toMatchObject({ kind: 'death', pid: sleep });
  watch.close();
  watch.close();
  expect(await watch.next()).toEqual({ done: true, value: undefined });
});

test('watchProcesses reports the death of every process at the end of its namespace, and ends', async () => {
  const child = await spawnInside('sleep 1000 & sleep 1000');
  await expect.poll(() => translatePid(4, { from: child.pid })).not.toBeNull();
  using namespace = Namespace.of(child.pid, 'pid');
  using watch = watchProcesses({ in: child.pid });
  child.kill('SIGKILL');
  const dead: number[] = [];
  for await (const change of watch) if (change.kind === 'death') dead.push(change.pid);
  expect(dead).toHaveLength(4);
  expect(dead).toContain(child.pid);
  await child.exited;
  using late = watchProcesses({ in: namespace });
  expect(await late.next()).toEqual({ done: true, value: undefined });
});

test('watchProcesses ends with an AbortError when its signal fires', async () => {
  const aborted = expect.objectContaining({ name: 'AbortError', code: 'ABORT_ERR' });
  const child = await spawnInside('read x');
  const controller = new AbortController();
  const { signal } = controller;
  const next = watchProcesses({ in: child.pid, signal }).next();
  controller.abort('enough');
  const error = await next.catch((error: unknown) => error);
  expect(error).toEqual(aborted);
  expect((error as Error).cause).toBe('enough');
  expect(() => watchProcesses({ in: child.pid, signal })).toThrow(aborted);
});

test('parseConnector reads births, deaths and acknowledgements of processes only', () => {
  const message = (what: number, words: number[]) => {
    const view = new DataView(new ArrayBuffer(36 + 16 + 24));
    view.setUint32(36, what, true);
    words.forEach((word, i) => {
      view.setUint32(36 + 16 + i * 4, word, true);
    });
    return new Uint8Array(view.buffer);
  };
  expect(parseConnector(message(1, [1, 1, 7, 7]))).toEqual({ kind: 'birth', pid: 7 });
  expect(parseConnector(message(1, [1, 1, 8, 7]))).toBeUndefined(); // a thread
  expect(parseConnector(message(0x8000_0000, [7, 7]))).toEqual({ kind: 'death', pid: 7 });
  expect(parseConnector(message(0, [1]))).toEqual({ kind: 'ack', error: 1 });
  expect(parseConnector(new Uint8Array(10))).toBeUndefined();
});

test('watchProcesses refuses an interval that is not a positive duration', () => {
  for (const interval of [0, -1, Number.POSITIVE_INFINITY]) {
    expect(() => watchProcesses({ interval })).toThrow(RangeError);
  }
  expect(() => watchProcesses({ interval: 'often' })).toThrow(TypeError);
});
