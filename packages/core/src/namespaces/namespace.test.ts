// Properties of handles that hold for every user: opening, identity, relations, closing.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readlinkSync, statSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test, vi } from 'vitest';
import { createNamespace } from '../child/create-namespace.js';
import { closeFd } from '../sys/fd.js';
import { allNamespaceTypes, namespaceTypes } from '../sys/namespace-types.js';
import { syscall } from '../sys/syscall.js';
import { fdCount, skipUnlessFeature } from '../testing/index.js';
import { Namespace } from './namespace.js';

const link = (type: keyof typeof namespaceTypes, of: string | number = 'thread-self') =>
  readlinkSync(`/proc/${of}/ns/${namespaceTypes[type].file}`);

test.for(allNamespaceTypes)('a handle of the current %s namespace is what /proc shows', (type) => {
  using handle = Namespace.current(type);
  const { dev, ino } = statSync(`/proc/thread-self/ns/${namespaceTypes[type].file}`, {
    bigint: true,
  });
  expect(handle.type).toBe(type);
  expect(handle.id).toEqual({ dev, ino });
  expect(`${handle}`).toBe(link(type));
  expect(inspect(handle)).toBe(`Namespace ${link(type)}`);
  expect(handle.isInitial).toBe(ino === namespaceTypes[type].initialInode);
});

test('a handle opens from a pid, a path, a descriptor and a pidfd, all close-on-exec', () => {
  const { pid } = process;
  const fd = openSync('/proc/self/ns/uts', 'r');
  const pidfd = syscall('pidfd_open', pid, 0);
  try {
    using first = Namespace.of('self', 'uts');
    const handles = [
      first,
      Namespace.of(pid, 'uts'),
      Namespace.fromPath('/proc/self/ns/uts'),
      Namespace.fromPath('/proc/self/ns/uts', 'uts'),
      Namespace.fromFd(fd),
      Namespace.fromPidfd(pidfd, 'uts'),
    ];
    for (const handle of handles) {
      expect(handle.equals(first)).toBe(true);
      expect(syscall('fcntl', handle.fd, 1) & 1).toBe(1);
      handle.close();
    }
  } finally {
    closeSync(fd);
    closeFd(pidfd);
  }
});

test('a pidfd gives the namespaces of its process, and none once that has ended', async () => {
  const child = spawn('sleep', ['100'], { stdio: 'ignore' });
  const pidfd = syscall('pidfd_open', child.pid ?? 0, 0);
  try {
    for (const type of allNamespaceTypes) {
      using handle = Namespace.fromPidfd(pidfd, type);
      expect(`${handle}`).toBe(link(type, child.pid));
    }
    using forChildren = Namespace.fromPidfd(pidfd, 'pid', { forChildren: true });
    expect(`${forChildren}`).toBe(link('pid', child.pid));
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(() => Namespace.fromPidfd(pidfd, 'net')).toThrow(
      expect.objectContaining({ code: 'ESRCH' }),
    );
  } finally {
    closeFd(pidfd);
  }
});

test('two types differ, and the same namespace is equal through two handles', () => {
  using a = Namespace.current('net');
  using b = Namespace.of('self', 'net');
  using c = Namespace.current('uts');
  expect(a.equals(b)).toBe(true);
  expect(a.equals(c)).toBe(false);
});

test('the 64-bit id is there from Linux 6.18 on, and is the same through two handles', (context) => {
  using a = Namespace.current('net');
  using b = Namespace.of('self', 'net');
  skipUnlessFeature(context, 'namespaceIds', a.nsid !== undefined);
  expect(a.nsid).toBeTypeOf('bigint');
  expect(a.nsid).toBe(b.nsid);
});

test('an own user namespace has this one as its parent and this user as its owner', () => {
  using own = createNamespace('user');
  using here = Namespace.current('user');
  using parent = own.parent();
  using owner = own.owner();
  expect(own.equals(here)).toBe(false);
  expect(own.isInitial).toBe(false);
  expect(parent?.equals(here)).toBe(true);
  expect(owner?.equals(here)).toBe(true);
  expect(own.ownerUid()).toBe(process.geteuid?.());
});

test('the parent of the outermost namespace in sight is null', () => {
  using user = Namespace.current('user');
  expect(user.parent()).toBeNull();
  using pid = Namespace.current('pid');
  expect(pid.parent()).toBeNull();
});

test('what does not nest has no parent', () => {
  using net = Namespace.current('net');
  expect(() => net.parent()).toThrow(
    new TypeError('a net namespace has no parent: only pid and user namespaces nest'),
  );
});

test('a closed handle says so, whatever is asked of it', () => {
  const before = fdCount();
  const handle = Namespace.current('ipc');
  const text = `${handle}`;
  expect(handle.closed).toBe(false);
  handle.close();
  handle.close();
  expect(handle.closed).toBe(true);
  expect(fdCount()).toBe(before);
  expect(`${handle}`).toBe(text);
  expect(inspect(handle)).toBe(`Namespace ${text} (closed)`);
  for (const use of [
    () => handle.fd,
    () => handle.nsid,
    () => handle.owner(),
    () => handle.ownerUid(),
    () => handle.pin('/tmp/never'),
    () => handle.enter(() => 0),
  ]) {
    expect(use).toThrow(`the handle of ${text} is closed`);
  }
});

test('a handle of nothing known about is printable too when closed', () => {
  const handle = Namespace.current('ipc');
  handle.close();
  expect(`${handle}`).toBe('ipc:[closed]');
});

test('a handle that was forgotten is closed, with a warning that names it', async () => {
  setFlagsFromString('--expose_gc');
  const gc = runInNewContext('gc') as () => void;
  const before = fdCount();
  const warned = vi.fn<(warning: NodeJS.ErrnoException) => void>();
  process.on('warning', warned);
  try {
    (() => {
      Namespace.current('uts');
    })();
    while (warned.mock.calls.length === 0) {
      gc();
      await turn();
    }
    expect(warned).toHaveBeenCalledOnce();
    const warning = warned.mock.calls[0]?.[0];
    expect(warning?.message).toContain(link('uts'));
    expect(warning?.code).toBe('NS_HANDLE_LEAK');
    expect(fdCount()).toBe(before);
  } finally {
    process.off('warning', warned);
  }
});

test('isNamespace recognizes handles of other copies of the package, by a shared brand', () => {
  using handle = Namespace.current('net');
  expect(Namespace.isNamespace(handle)).toBe(true);
  expect(Namespace.isNamespace({ [Symbol.for('@ns/Namespace')]: true })).toBe(true);
  for (const other of [undefined, null, 3, 'net', {}]) {
    expect(Namespace.isNamespace(other)).toBe(false);
  }
});

test('fromPath refuses a file that is not a namespace or has another type, and closes it', () => {
  const before = fdCount();
  expect(() => Namespace.fromPath('/dev/null')).toThrow(
    new TypeError('path /dev/null is not a namespace'),
  );
  expect(() => Namespace.fromPath('/proc/self/ns/net', 'uts')).toThrow(
    new TypeError('path /proc/self/ns/net is a net namespace, not uts'),
  );
  expect(() => Namespace.fromFd(0)).toThrow(TypeError);
  const fd = openSync('/dev/null', 'r');
  expect(() => Namespace.adopt(fd)).toThrow(`fd ${fd} is not a namespace`);
  expect(fdCount()).toBe(before);
});

test('a user namespace is made without a trace in this process', () => {
  const PR_GET_DUMPABLE = 3;
  const before = syscall('prctl', PR_GET_DUMPABLE, 0, 0, 0, 0);
  createNamespace('user').close();
  expect(syscall('prctl', PR_GET_DUMPABLE, 0, 0, 0, 0)).toBe(before);
});

test('an adopted descriptor is the handle itself', () => {
  const fd = openSync('/proc/self/ns/net', 'r');
  using handle = Namespace.adopt(fd, 'net');
  expect(handle.fd).toBe(fd);
});

test('wrong arguments are named before the kernel is asked', () => {
  const wrong = 'network' as 'net';
  expect(() => Namespace.current(wrong)).toThrow(/^type must be one of user, .*, got 'network'$/);
  expect(() => Namespace.of(0, 'net')).toThrow(RangeError);
  expect(() => Namespace.of(1.5, 'net')).toThrow(RangeError);
  expect(() => Namespace.of('1' as 'self', 'net')).toThrow(TypeError);
  expect(() => Namespace.of('self', wrong)).toThrow(TypeError);
  expect(() => Namespace.of('self', 'net', { forChildren: true })).toThrow(
    'options.forChildren cannot be set for net: ',
  );
  expect(() => Namespace.fromPidfd(-1, 'net')).toThrow(RangeError);
  expect(() => Namespace.fromPidfd(0, 'net')).toThrow(/descriptor 0 is not a pidfd/);
  expect(() => Namespace.fromFd(2 ** 40)).toThrow(RangeError);
  expect(() => Namespace.fromSocket(-1)).toThrow(RangeError);
  expect(() => Namespace.fromPath('')).toThrow(TypeError);
  expect(() => Namespace.fromPath('/proc/self/ns/net\0')).toThrow(TypeError);
  expect(() => createNamespace(wrong)).toThrow(TypeError);
  using net = Namespace.current('net');
  expect(() => createNamespace('uts', { user: net })).toThrow(TypeError);
  expect(() => net.equals({} as Namespace)).toThrow(TypeError);
  expect(() => net.pin('')).toThrow(TypeError);
});

test('errors name the call and its object', () => {
  expect(() => Namespace.of(2 ** 22, 'net')).toThrow(
    expect.objectContaining({
      code: 'ENOENT',
      message: expect.stringContaining('/proc/4194304/ns/net'),
      hint: expect.stringContaining('process does not exist'),
    }),
  );
});
