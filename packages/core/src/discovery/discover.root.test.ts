// What only the privileged see: sockets, mounts and threads that hold namespaces of others.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createNamespace } from '../child/create-namespace.js';
import { runProgramSync } from '../commands/run-program.js';
import { Namespace } from '../namespaces/namespace.js';
import { Program } from '../program/program.js';
import { closeFd, O_CLOEXEC, O_PATH } from '../sys/fd.js';
import { AT, MS, RESOLVE } from '../sys/flags.js';
import { syscall, trySyscall } from '../sys/syscall.js';
import { skipUnlessFeature } from '../testing/index.js';
import { discover } from './discover.js';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const patient = { timeout: 20_000 };

/** Starts a command that writes a line when it is ready. */
async function started(command: string, args: string[], fd?: number): Promise<ChildProcess> {
  const stdio = ['pipe', 'pipe', 'inherit', ...(fd === undefined ? [] : [fd])] as const;
  const child = spawn(command, args, { stdio: [...stdio] });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  await once(child.stdout ?? child, 'data');
  return child;
}

/** The numbers that a command writes. */
async function numbersFrom(child: ChildProcess, count: number): Promise<number[]> {
  let text = '';
  child.stdout?.on('data', (chunk) => {
    text += chunk;
  });
  await expect.poll(() => text.match(/\d+\s/g)?.length, patient).toBe(count);
  return text.trim().split(/\s+/).map(Number);
}

test('a network namespace that only a socket of another process holds is found', async () => {
  const net = createNamespace('net');
  const { id } = net;
  const socket = net.enter(() => syscall('socket', AF_UNIX, SOCK_DGRAM | O_CLOEXEC, 0));
  const child = await started('sh', ['-c', 'echo; exec sleep 300'], socket);
  closeFd(socket);
  net.close();
  const one = discover({ types: 'net' }).get(id);
  expect(one).toMatchObject({
    type: 'net',
    processes: [],
    descriptors: [],
    sockets: [{ pid: child.pid, fd: 3 }],
    pid: null,
    path: null,
  });
  expect(one?.owner?.type).toBe('user');
  expect(discover({ types: 'net', sockets: false }).get(id)).toBeUndefined();
});

test('a network namespace that only a server of this process holds is found', async () => {
  const net = createNamespace('net');
  const { id } = net;
  const server = net.enter(() => createServer().listen('\0ns-discovery'));
  net.close();
  const one = discover({ types: 'net' }).get(id);
  expect(one?.sockets.map(({ pid }) => pid)).toEqual([process.pid]);
  server.close();
  await once(server, 'close');
});

test('a namespace that only a thread is in is found', async () => {
  // A thread of another program, so that the threads of this process stay where they are.
  const script = [
    'import ctypes, os, sys, threading, time',
    'def away():',
    '  ctypes.CDLL(None, use_errno=True).unshare(0x04000000)',
    '  print(threading.get_native_id(), os.stat("/proc/thread-self/ns/uts").st_ino, flush=True)',
    '  time.sleep(300)',
    'threading.Thread(target=away, daemon=True).start()',
    'time.sleep(300)',
  ].join('\n');
  const child = spawn('python3', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  const [tid, inode = 0] = await numbersFrom(child, 2);
  const graph = discover({ types: 'uts' });
  const one = graph.get(inode);
  expect(one).toMatchObject({ processes: [], threads: [tid], pid: tid, ppid: process.pid });
  expect(one?.command).toMatch(/python3? -c import ctypes/);
  expect(discover({ task: tid ?? 0, types: 'uts' }).namespaces.map(({ id }) => id)).toEqual([
    one?.id,
  ]);
});

/** Returns true if the kernel resolves paths from memory; a network file system may be asked each time. */
function pathsAreInMemory(): boolean {
  statSync('/mnt');
  const how = BigUint64Array.of(BigInt(O_PATH | O_CLOEXEC), 0n, BigInt(RESOLVE.CACHED));
  const fd = trySyscall('openat2', AT.FDCWD, '/mnt', how, how.byteLength);
  if (fd >= 0) closeFd(fd);
  return fd >= 0;
}

test('a namespace pinned in another mount namespace is found, with its path there', async ({
  skip,
}) => {
  skip(!pathsAreInMemory(), 'the root is on a file system that must be asked about each path');
  const script = `
    mount --make-rprivate / && mount -t tmpfs none /mnt && touch '/mnt/a b' &&
    mount --bind /proc/self/ns/net '/mnt/a b' && stat -L -c %i /proc/self/ns/net /proc/self/ns/mnt &&
    exec nsenter --net=/proc/${process.pid}/ns/net sleep 300`;
  const child = spawn('unshare', ['--mount', '--net', 'sh', '-c', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  const [net = 0, mount = 0] = await numbersFrom(child, 2);
  await expect.poll(() => discover({ types: 'net' }).get(net)?.processes, patient).toEqual([]);
  const graph = discover();
  const one = graph.get(net);
  expect(one?.paths).toEqual([{ path: '/mnt/a b', mountNamespace: graph.get(mount) }]);
  expect(one?.path).toBeNull(); // not from here
  expect(one?.owner?.type).toBe('user'); // it could be opened
  expect(graph.get(mount)?.processes).toEqual([child.pid]);
  expect(one?.toJSON().paths).toEqual([{ path: '/mnt/a b', mountNamespace: mount }]);
  expect(discover({ types: 'net', mounts: false }).get(net)).toBeUndefined();
});

test('a namespace pinned here is found by its path', () => {
  const directory = mkdtempSync('/tmp/ns-pin-');
  const path = `${directory}/pinned`;
  const net = createNamespace('net');
  net.pin(path);
  net.close();
  try {
    using again = Namespace.fromPath(path);
    const { id } = again;
    again.close();
    const one = discover({ types: 'net', persistent: true }).get(id);
    expect(one?.path).toBe(path);
    expect(one?.paths.map((pin) => pin.path)).toEqual([path]);
  } finally {
    Namespace.unpin(path);
    rmdirSync(directory);
  }
});

test('a mount namespace without processes is found', (context) => {
  using mount = createNamespace('mount');
  const next = trySyscall('ioctl', mount.fd, 0x8010_b70c, null);
  closeFd(next);
  skipUnlessFeature(context, 'mountNamespaceIteration', next >= 0);
  // Without the descriptor, which is this test's only.
  const graph = discover({ types: 'mount', descriptors: false });
  const one = graph.get(mount.id);
  expect(one).toMatchObject({ type: 'mount', processes: [], descriptors: [], pid: null });
  expect(one?.owner?.owned).toContain(one);
  expect(graph.hidden.mounts).not.toContain(Number(mount.id.ino));
});

test('a namespace pinned in a mount namespace without processes is found', (context) => {
  const directory = mkdtempSync('/tmp/ns-pin-');
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = `${directory}/pin ned`;
  writeFileSync(path, '');
  using mount = createNamespace('mount');
  const table = trySyscall('ioctl', mount.fd, 0x8008_b705, new BigUint64Array(1));
  skipUnlessFeature(context, 'mountNamespaceIteration', table >= 0);
  const net = createNamespace('net');
  const { id } = net;
  const program = new Program();
  program.call('mount', null, '/', null, MS.REC | MS.PRIVATE, null);
  const source = `/proc/${process.pid}/fd/${net.fd}`;
  program.call('mount', source, path, null, MS.BIND, null);
  runProgramSync(program, { namespaces: [mount] });
  net.close();
  const graph = discover();
  const one = graph.get(id);
  expect(one?.paths).toEqual([{ path, mountNamespace: graph.get(mount.id) }]);
  expect(one).toMatchObject({ processes: [], descriptors: [], path: null, owner: null });
  expect(graph.hidden.relatives).toContain(Number(id.ino)); // it cannot be opened from outside
});
