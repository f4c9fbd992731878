// There and back again.

import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createNamespace } from '../child/create-namespace.js';
import { fdCount, threadCount, threadNamespaces } from '../testing/index.js';
import { setns, unshare } from './thread.js';
import { isAway } from './thread-namespaces.js';

const link = (file: string) => readlinkSync(`/proc/thread-self/ns/${file}`);
const core = join(import.meta.dirname, '../../dist/index.js');

test('libuv has all its threads before the first thread moves, and gets no more', async () => {
  const home = link('net');
  using net = createNamespace('net'); // the first move of this process
  const threads = threadCount();
  net.enter(() => expect(link('net')).toBe(`${net}`));
  await Promise.all(Array.from({ length: 50 }, () => stat('/')));
  expect(threadCount()).toBe(threads);
  for (const [, namespaces] of threadNamespaces()) expect(namespaces.net).toBe(home);
});

test.for(['uts', 'ipc', 'net', 'cgroup'] as const)(
  'fn runs in the %s namespace, only the calling thread moves',
  (type) => {
    using there = createNamespace(type);
    const home = link(type);
    const threads = there.enter(() => threadNamespaces());
    expect(threads.get(process.pid)?.[type]).toBe(`${there}`);
    for (const [tid, namespaces] of threads) {
      if (tid !== process.pid) expect(namespaces[type]).toBe(home);
    }
    expect(link(type)).toBe(home);
  },
);

test('children that fn starts are in the namespace, for pid too', () => {
  using uts = createNamespace('uts');
  using pid = createNamespace('pid');
  const readlink = (file: string) =>
    spawnSync('readlink', [`/proc/self/ns/${file}`], { encoding: 'utf8' }).stdout.trim();
  expect(uts.enter(() => readlink('uts'))).toBe(`${uts}`);
  expect(pid.enter(() => readlink('pid'))).toBe(`${pid}`);
  expect(readlink('pid')).toBe(link('pid'));
  expect(link('pid_for_children')).toBe(link('pid'));
});

test('it returns what fn returns and throws what fn throws, back in both cases', () => {
  using net = createNamespace('net');
  const home = link('net');
  const value = { some: 'object' };
  expect(net.enter(() => value)).toBe(value);
  const error = new Error('from inside');
  expect(() =>
    net.enter(() => {
      throw error;
    }),
  ).toThrow(error);
  expect(link('net')).toBe(home);
  expect(isAway()).toBe(false);
});

test('enters nest, also into the same namespace', () => {
  using a = createNamespace('net');
  using b = createNamespace('net');
  using uts = createNamespace('uts');
  const home = [link('net'), link('uts')];
  const seen: string[] = [];
  a.enter(() => {
    seen.push(link('net'));
    b.enter(() => {
      seen.push(link('net'));
      a.enter(() => seen.push(link('net')));
      uts.enter(() => seen.push(link('net'), link('uts')));
      seen.push(link('net'));
    });
    seen.push(link('net'));
    expect(isAway()).toBe(true);
  });
  expect(seen.map((text) => [a, b, uts].find((handle) => `${handle}` === text))).toEqual([
    ...[a, b, a, b, uts, b, a],
  ]);
  expect([link('net'), link('uts')]).toEqual(home);
});

test('what listens inside stays inside', async () => {
  using net = createNamespace('net');
  const server = net.enter(() => createServer().listen(8080));
  try {
    await once(server, 'listening');
    const table = net.enter(() => readFileSync('/proc/thread-self/net/tcp6', 'utf8'));
    expect(table).toContain(':1F90 ');
    expect(Object.keys(net.enter(() => networkInterfaces()))).toEqual([]);
    expect(
      execFileSync('nsenter', [`--net=/proc/${process.pid}/fd/${net.fd}`, 'ss', '-tln'], {
        encoding: 'utf8',
      }),
    ).toContain(':8080');
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test('an async function or a generator is refused before anything is done', () => {
  using net = createNamespace('net');
  const body = vi.fn<() => void>();
  const functions: (() => unknown)[] = [
    async () => body(),
    function* () {
      yield body();
    },
    async function* () {
      yield body();
    },
  ];
  for (const fn of functions) {
    expect(() => net.enter(fn)).toThrow(/^fn must be an ordinary function/);
  }
  expect(() => net.enter('fn' as unknown as () => void)).toThrow(TypeError);
  expect(body).not.toHaveBeenCalled();
});

test('a function that returns a promise is refused, and its rejection goes unnoticed', async () => {
  using net = createNamespace('net');
  const home = link('net');
  expect(() => net.enter(() => Promise.reject(new Error('inside')))).toThrow(
    new TypeError(
      'fn must not return a promise: what it still does runs when the thread is back. Do the waiting outside.',
    ),
  );
  // biome-ignore lint/suspicious/noThenProperty: what is tested
  expect(() => net.enter(() => ({ then() {} }))).toThrow(TypeError);
  expect(link('net')).toBe(home);
  await new Promise((resolve) => setImmediate(resolve));
});

test('a handle closed in its own namespace is closed on leaving it', () => {
  const before = fdCount();
  const net = createNamespace('net');
  const home = link('net');
  net.enter(() => {
    net.close();
    expect(net.closed).toBe(true);
    expect(() => net.enter(() => 0)).toThrow(/closed/);
    using other = createNamespace('net');
    other.enter(() => expect(link('net')).toBe(`${other}`));
    expect(link('net')).not.toBe(home);
  });
  expect(link('net')).toBe(home);
  expect(fdCount()).toBe(before);
});

test('the way back is kept open no longer than a handle that uses it', () => {
  const before = fdCount();
  const a = createNamespace('uts');
  const b = createNamespace('uts');
  a.enter(() => 0);
  b.enter(() => 0);
  expect(fdCount()).toBe(before + 3);
  a.close();
  expect(fdCount()).toBe(before + 2);
  b.close();
  expect(fdCount()).toBe(before);
});

test('a handle that was entered and forgotten leaves no descriptor', async () => {
  setFlagsFromString('--expose_gc');
  const gc = runInNewContext('gc') as () => void;
  const before = fdCount();
  const warned = vi.fn<() => void>();
  process.once('warning', warned);
  (() => {
    createNamespace('uts').enter(() => 0);
  })();
  while (warned.mock.calls.length === 0) {
    gc();
    await turn();
  }
  expect(warned).toHaveBeenCalledOnce();
  expect(fdCount()).toBe(before);
});

test('whatever fn moves to for good, enter comes back to where it was', () => {
  const before = fdCount();
  const home = link('uts');
  {
    using there = createNamespace('uts');
    using inner = createNamespace('uts');
    using other = createNamespace('uts');
    there.enter(() => {
      unshare('uts');
      const own = link('uts');
      expect([home, `${there}`]).not.toContain(own);
      inner.enter(() => expect(link('uts')).toBe(`${inner}`));
      expect(link('uts')).toBe(own);
      setns(other);
      inner.enter(() => expect(link('uts')).toBe(`${inner}`));
      expect(link('uts')).toBe(`${other}`);
    });
    expect(link('uts')).toBe(home);
  }
  expect(fdCount()).toBe(before);
});

test('what a thread of several cannot enter is refused with the reason, fn not called', () => {
  const fn = vi.fn<() => void>();
  for (const [type, code, hint] of [
    ['user', 'EINVAL', /use spawn/],
    ['mount', 'EINVAL', /unshareDirectories\(\)/],
    ['time', 'EUSERS', /use spawn/],
  ] as const) {
    const before = fdCount();
    {
      using there = createNamespace(type);
      expect(() => there.enter(fn)).toThrow(
        expect.objectContaining({ code, hint: expect.stringMatching(hint) }),
      );
    }
    expect(fdCount()).toBe(before);
  }
  expect(fn).not.toHaveBeenCalled();
});

test('a thread that cannot come back ends the process, loudly', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ns-abort-')); // for a core file
  onTestFinished(() => rmSync(directory, { recursive: true }));
  // fn gives up all capabilities of the thread.
  const script = `
    import { createNamespace, Namespace } from ${JSON.stringify(core)};
    import { syscall } from ${JSON.stringify(join(core, '../sys.js'))};
    process.on('exit', () => console.log('went on'));
    const net = createNamespace('net');
    const header = new Uint32Array([0x20080522, 0]);
    net.enter(() => syscall('capset', header, new Uint32Array(6)));
    console.log('went on');
  `;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    cwd: directory,
  });
  expect(child.signal).toBe('SIGABRT');
  expect(child.stderr).toContain(
    'FATAL: a thread could not come back to its own net namespace: EPERM',
  );
  expect(child.stdout).toBe('');
});
