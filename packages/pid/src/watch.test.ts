import { setTimeout as delay } from 'node:timers/promises';
import { spawn } from '@ns/core';
import { expect, onTestFinished, test } from 'vitest';
import { parseConnector } from './connector.js';
import { owner } from './owner.testing.js';
import { pid } from './spec.js';
import { translatePid } from './translate.js';
import { type ProcessChange, watchProcesses } from './watch.js';

test('births and deaths in a namespace are reported, and no others', async () => {
  const child = await spawn('sh', ['-c', 'read x; sleep 1000 & read x; kill $!; wait; read x'], {
    namespaces: [...owner, pid()],
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  onTestFinished(() => child[Symbol.asyncDispose]());
  const changes: ProcessChange[] = [];
  const watch = watchProcesses((change) => changes.push(change), { in: child.pid, interval: 5 });
  onTestFinished(() => watch.close());
  const stranger = await spawn('true', [], { stdio: 'ignore' });
  await stranger.exited;
  child.stdin?.write('\n');
  while (changes.length < 1) await delay(5);
  const sleep = translatePid(3, { from: child.pid })?.pid;
  expect(changes).toEqual([{ kind: 'birth', pid: sleep }]);
  child.stdin?.write('\n');
  while (changes.length < 2) await delay(5);
  expect(changes[1]).toMatchObject({ kind: 'death', pid: sleep });
  watch.close();
  watch.close();
});

test('a namespace that ends is reported to the last process', async () => {
  const child = await spawn('sh', ['-c', 'sleep 1000 & sleep 1000'], {
    namespaces: [...owner, pid()],
    stdio: 'ignore',
  });
  onTestFinished(() => child[Symbol.asyncDispose]());
  while (translatePid(4, { from: child.pid }) === null) await delay(5);
  const dead: number[] = [];
  using _ = watchProcesses(
    (change) => {
      if (change.kind === 'death') dead.push(change.pid);
    },
    { in: child.pid },
  );
  child.kill('SIGKILL');
  while (dead.length < 4) await delay(5);
  expect(dead).toContain(child.pid);
  await child.exited;
});

test('messages of the kernel are read', () => {
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

test('wrong arguments are refused', () => {
  expect(() => watchProcesses(undefined as never)).toThrow(TypeError);
  expect(() => watchProcesses(() => {}, { interval: 0 })).toThrow(RangeError);
});
