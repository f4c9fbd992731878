import { setImmediate as turn } from 'node:timers/promises';
import { type NamespaceProcess, spawn } from '@ns/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { setDomainname, setHostname, uts, watchDomainname, watchHostname } from './index.js';

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

test('changes come as they happen, and only those of this name in this namespace', async () => {
  const names = watchHostname(there);
  const first = names.next();
  setDomainname('not-it', there);
  await turn();
  setHostname('one', there);
  expect(await first).toEqual({ done: false, value: 'one' });
  const second = names.next();
  setHostname('two', there);
  expect(await second).toEqual({ done: false, value: 'two' });
  // What changed while nobody asked is told at the next question.
  setHostname('three', there);
  expect((await names.next()).value).toBe('three');
  await names.return(undefined as never);
});

test('a change right after the question is not missed', async () => {
  for (let i = 0; i < 20; i++) {
    const names = watchHostname(there);
    const next = names.next();
    setHostname(`name-${i}`, there);
    expect((await next).value).toBe(`name-${i}`);
    await names.return(undefined as never);
  }
});

test('the domain name is watched likewise', async () => {
  const names = watchDomainname(there);
  const first = names.next();
  await turn();
  setDomainname('lab', there);
  expect((await first).value).toBe('lab');
  await names.return(undefined as never);
});

test('a signal ends the watching', async () => {
  const aborted = expect.objectContaining({ name: 'AbortError', code: 'ABORT_ERR' });
  const signal = AbortSignal.timeout(20);
  await expect(watchHostname({ ...there, signal }).next()).rejects.toThrow(aborted);
  await expect(watchHostname({ ...there, signal }).next()).rejects.toThrow(aborted);
  expect(() => watchHostname({ signal: {} as AbortSignal })).toThrow(TypeError);
});
