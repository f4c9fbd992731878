// Namespaces that no process is in.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { listNamespaces } from '../namespaces/list.js';
import { Namespace } from '../namespaces/namespace.js';
import { allNamespaceTypes, namespaceTypes } from '../sys/namespace-types.js';
import { syscall } from '../sys/syscall.js';
import { fdCount, threadNamespaces } from '../testing/index.js';
import { createNamespace } from './create-namespace.js';

/** Runs a command in the namespace by nsenter(1) and returns its output. */
function enterBySomebodyElse(handle: Namespace, command: string[]): string {
  const path = `/proc/${process.pid}/fd/${handle.fd}`;
  return execFileSync('nsenter', [`--${handle.type}=${path}`, ...command], { encoding: 'utf8' });
}

test.for(allNamespaceTypes)('a new %s namespace is new, and no thread has moved', (type) => {
  const threads = threadNamespaces();
  const before = fdCount();
  {
    using made = createNamespace(type);
    using here = Namespace.current(type);
    using owner = made.owner();
    using user = Namespace.current('user');
    expect(made.type).toBe(type);
    expect(made.equals(here)).toBe(false);
    expect(made.isInitial).toBe(false);
    expect(owner?.equals(user)).toBe(true);
    expect(syscall('fcntl', made.fd, 1) & 1).toBe(1);
    const own = threads.get(process.pid); // threads of libuv's pool may be new
    for (const [, namespaces] of threadNamespaces()) expect(namespaces).toEqual(own);
  }
  expect(fdCount() - before).toBeLessThanOrEqual(type === 'pid' ? 1 : 0); // the runner stays
});

test('other programs can join what was made', () => {
  for (const type of ['uts', 'ipc', 'net', 'cgroup', 'mount', 'pid'] as const) {
    using made = createNamespace(type);
    const path = `/proc/self/ns/${namespaceTypes[type].file}`;
    // nsenter forks for pid, and readlink is what is in there then.
    expect(enterBySomebodyElse(made, ['readlink', path]).trim()).toBe(`${made}`);
  }
});

test('a pid namespace has a living init until its handle is closed', () => {
  const made = createNamespace('pid');
  const init = () =>
    listNamespaces().namespaces.find(({ type, id }) => type === 'pid' && id.ino === made.id.ino);
  const [pid = 0, ...others] = init()?.processes ?? [];
  expect(others).toEqual([]);
  expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^NSpid:\t\d+\t1$/m);
  // One process after another, none of which is the last.
  expect(enterBySomebodyElse(made, ['sh', '-c', 'echo $$'])).toMatch(/^\d+\n$/);
  expect(enterBySomebodyElse(made, ['sh', '-c', 'echo $$'])).toMatch(/^\d+\n$/);
  made.close();
  expect(existsSync(`/proc/${pid}`)).toBe(false);
});

test('a new namespace is empty', () => {
  using net = createNamespace('net');
  expect(net.enter(() => readFileSync('/proc/thread-self/net/dev', 'utf8'))).not.toContain('eth');
});

test('a namespace can be owned by another user namespace', () => {
  using user = createNamespace('user');
  for (const type of allNamespaceTypes) {
    if (type === 'user') continue;
    using made = createNamespace(type, { user });
    using owner = made.owner();
    expect(owner?.equals(user)).toBe(true);
    expect(made.ownerUid()).toBe(0);
  }
});

test('a specification sets the namespace up', () => {
  using made = createNamespace({
    type: 'uts',
    prepare: (child) => {
      child.program('settings').call('sethostname', 'made', 4);
    },
  });
  expect(made.enter(() => readFileSync('/proc/sys/kernel/hostname', 'utf8'))).toBe('made\n');
});

test('a failing specification leaves nothing', () => {
  createNamespace({ type: 'uts', prepare: (child) => child.isolate() }).close(); // opens the runner
  const before = fdCount();
  expect(() =>
    createNamespace({
      type: 'uts',
      prepare: (child) => {
        child.program('settings').call('sethostname', 'x'.repeat(65), 65);
      },
    }),
  ).toThrow(expect.objectContaining({ code: 'EINVAL', syscall: 'sethostname' }));
  expect(fdCount()).toBe(before);
});

test('the network namespace of a socket is where it was made', async () => {
  using net = createNamespace('net');
  const server = net.enter(() => createServer().listen(0));
  const fd = (server as unknown as { _handle: { fd: number } })._handle.fd;
  using found = Namespace.fromSocket(fd);
  expect(found.equals(net)).toBe(true);
  await new Promise((resolve) => server.close(resolve));
  expect(readlinkSync('/proc/thread-self/ns/net')).not.toBe(`${net}`);
});
