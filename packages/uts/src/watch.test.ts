import { setImmediate as turn } from 'node:timers/promises';
import { type NamespaceProcess, spawn } from '@ns/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  readHostname,
  uts,
  watchDomainname,
  watchHostname,
  writeDomainname,
  writeHostname,
} from './index.js';

let child: NamespaceProcess;
let there: { in: number };

beforeEach(async () => {
  const namespaces = [{ type: 'user' } as const, uts({ hostname: 'start' })];
  child = await spawn('sleep', ['60'], { namespaces, stdio: 'ignore' });
  there = { in: child.pid };
});

afterEach(async () => {
  child.kill('SIGKILL');
  await child.exited;
});

test('watchHostname reports changes of this name in this namespace only', async () => {
  using names = watchHostname(there);
  const first = names.next();
  writeDomainname('not-it', there);
  await turn();
  writeHostname('one', there);
  expect(await first).toEqual({ done: false, value: 'one' });
  const second = names.next();
  writeHostname('two', there);
  expect(await second).toEqual({ done: false, value: 'two' });
  // A change between two reads is reported by the next one.
  writeHostname('three', there);
  expect((await names.next()).value).toBe('three');
});

test('watchHostname reports a change between its call and the first read', async () => {
  using names = watchHostname(there);
  writeHostname('early', there);
  expect((await names.next()).value).toBe('early');
});

test('watchHostname reports a change right after a read', async () => {
  for (let i = 0; i < 20; i++) {
    using names = watchHostname(there);
    const next = names.next();
    writeHostname(`name-${i}`, there);
    expect((await next).value).toBe(`name-${i}`);
  }
});

test('watchDomainname reports a change', async () => {
  using names = watchDomainname(there);
  const first = names.next();
  await turn();
  writeDomainname('lab', there);
  expect((await first).value).toBe('lab');
});

test('watchHostname decodes names by its encoding', async () => {
  using names = watchHostname({ ...there, encoding: 'hex' });
  writeHostname('box', there);
  expect((await names.next()).value).toBe(Buffer.from('box').toString('hex'));
});

test('watchHostname holds the namespace, so that a recycled pid cannot redirect it', async () => {
  const before = readHostname();
  using names = watchHostname(there);
  const next = names.next();
  child.kill('SIGKILL');
  await child.exited;
  await turn();
  names.close();
  expect(await next).toEqual({ done: true, value: undefined });
  expect(readHostname()).toBe(before);
});

test('watchHostname ends when its loop is left, and a second close does nothing', async () => {
  const names = watchHostname(there);
  writeHostname('once', there);
  for await (const name of names) {
    expect(name).toBe('once');
    break;
  }
  names.close();
  names[Symbol.dispose]();
  await names[Symbol.asyncDispose]();
  expect(await names.next()).toEqual({ done: true, value: undefined });
});

test('watchHostname ends with an AbortError when its signal fires', async () => {
  const aborted = expect.objectContaining({ name: 'AbortError', code: 'ABORT_ERR' });
  const signal = AbortSignal.timeout(20);
  const error = await watchHostname({ ...there, signal })
    .next()
    .catch((error: unknown) => error);
  expect(error).toEqual(aborted);
  expect((error as Error).cause).toBe(signal.reason);
  expect(() => watchHostname({ ...there, signal })).toThrow(aborted);
});
