import { expect, test } from 'vitest';
import { spawn } from '../commands/spawn.js';
import { Namespace } from './namespace.js';
import { OpenProcess } from './open-process.js';

test('OpenProcess gives the files and namespaces of a process, and of none after its end', async () => {
  const child = await spawn('cat', [], {
    namespaces: [{ type: 'user' }, { type: 'uts' }],
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  using target = OpenProcess.open(child.pid);
  expect(target.pid).toBe(child.pid);
  // The kernel closes what ends with an exec before it gives the process its new name.
  await expect.poll(() => target.read('comm')).toBe('cat\n');
  const handles = target.foreignNamespaces();
  expect(handles.map(({ type }) => type)).toEqual(['user', 'uts']);
  for (const one of handles) {
    using same = Namespace.fromPidfd(child.pidfd, one.type);
    expect(one.equals(same)).toBe(true);
    one.close();
  }
  child.stdin?.end();
  await child.exited;
  expect(() => target.read('status')).toThrow(/ESRCH|ENOENT/);
  expect(() => target.assertThere()).toThrow(expect.objectContaining({ code: 'ESRCH' }));
  expect(() => target.namespaces()).toThrow(expect.objectContaining({ code: 'ESRCH' }));
  expect(() => OpenProcess.open(child.pid)).toThrow(expect.objectContaining({ code: 'ESRCH' }));
});

test('namespaces reads once what is to belong to the moment, if nothing changes', () => {
  using target = OpenProcess.open(process.pid);
  let reads = 0;
  const handles = target.namespaces(['uts', 'ipc'], () => reads++);
  for (const one of handles) one.close();
  expect(reads).toBe(1);
});

test('OpenProcess refuses what is not a pid, and a descriptor that is not a pidfd', () => {
  expect(() => OpenProcess.open(0)).toThrow(RangeError);
  expect(() => OpenProcess.open('1' as never)).toThrow(TypeError);
  expect(() => OpenProcess.fromPidfd(1)).toThrow(TypeError);
});
