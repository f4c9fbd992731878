import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Namespace } from '../namespaces/namespace.js';
import type { NamespaceProcess } from '../process/namespace-process.js';
import { closeFd, O_CLOEXEC } from '../sys/fd.js';
import { AT } from '../sys/flags.js';
import { syscall } from '../sys/syscall.js';
import { callIn, openIn, workIn } from './run-in-namespace.js';
import { spawn } from './spawn.js';

const user = { type: 'user' } as const;
let child: NamespaceProcess;

beforeEach(async () => {
  const uts = { type: 'uts' } as const;
  child = await spawn('sleep', ['60'], { namespaces: [user, uts], stdio: 'ignore' });
});

afterEach(async () => {
  child.kill('SIGKILL');
  await child.exited;
});

const nodename = (memory: Buffer) => memory.toString('latin1', 65, 130).replace(/\0.*/, '');

test('a call is made in the namespace of a process, of a handle, or here', () => {
  const here = Buffer.alloc(390);
  callIn('uts', undefined, 'uname', here);
  const name = Buffer.from('there');
  expect(callIn('uts', child.pid, 'sethostname', name, name.length)).toBe(0);
  using namespace = Namespace.of(child.pid, 'uts');
  const there = Buffer.alloc(390);
  callIn('uts', namespace, 'uname', there);
  expect(nodename(there)).toBe('there');
  const after = Buffer.alloc(390);
  callIn('uts', undefined, 'uname', after);
  expect(after).toEqual(here);
});

test('a descriptor is opened in another namespace', () => {
  const path = '/proc/thread-self/ns/uts';
  const fd = openIn('uts', child.pid, 'openat', AT.FDCWD, path, O_CLOEXEC, 0);
  try {
    using opened = Namespace.fromFd(fd);
    using there = Namespace.of(child.pid, 'uts');
    expect(opened.equals(there)).toBe(true);
    expect(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')).toMatch(/flags:\s+02/);
  } finally {
    closeFd(fd);
  }
});

test('a refused call is an error, wherever it is made', () => {
  const refused = expect.objectContaining({ code: 'EINVAL', syscall: 'sethostname' });
  const long = Buffer.alloc(100, 'x');
  expect(() => callIn('uts', child.pid, 'sethostname', long, long.length)).toThrow(refused);
  const missing = expect.objectContaining({ code: 'ENOENT', syscall: 'openat' });
  expect(() => openIn('uts', child.pid, 'openat', AT.FDCWD, '/none', 0, 0)).toThrow(missing);
});

test('an error of the work itself is not taken for one of entering', () => {
  const refusal = () => syscall('kill', 1, 0x7fff);
  const error = expect.objectContaining({ syscall: 'kill' });
  expect(() => workIn('uts', undefined, { entered: refusal, joined: refusal })).toThrow(error);
});

test("workIn works on the calling thread, without privilege, in the caller's own namespace", () => {
  const ways = { entered: () => 'entered', joined: () => 'joined' };
  expect(workIn('uts', process.pid, ways)).toBe('entered');
  using own = Namespace.current('uts');
  expect(workIn('uts', own, ways)).toBe('entered');
});
