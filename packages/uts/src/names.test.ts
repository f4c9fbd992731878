import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { Namespace, run, runSync, spawn } from '@ns/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { getDomainname, getHostname, setDomainname, setHostname, uname, uts } from './index.js';

// A user namespace gives its first process every privilege inside, for root and others alike.
const rootless = { type: 'user' } as const;

/** A process in a UTS namespace of its own. */
async function box(options = {}) {
  const namespaces = [rootless, uts(options)];
  return spawn('sleep', ['60'], { namespaces, stdio: 'ignore' });
}

test('the names of this machine are what the kernel says', () => {
  const kernel = (name: string) => readFileSync(`/proc/sys/kernel/${name}`, 'utf8').trimEnd();
  expect(getHostname()).toBe(hostname());
  expect(uname()).toEqual({
    sysname: kernel('ostype'),
    nodename: kernel('hostname'),
    release: kernel('osrelease'),
    version: kernel('version'),
    machine: expect.stringMatching(/^(x86_64|aarch64)$/),
    domainname: kernel('domainname'),
  });
  expect(getDomainname()).toBe(kernel('domainname'));
});

test('a command sees the names of its namespace, and the host keeps its own', async () => {
  const before = uname();
  const namespaces = [rootless, uts({ hostname: 'box', domainname: 'lab.example' })];
  const { stdout } = await run('uname', ['-n'], { namespaces });
  expect(stdout).toBe('box\n');
  const file = '/proc/sys/kernel/domainname';
  expect(runSync('cat', [file], { namespaces }).stdout).toBe('lab.example\n');
  expect(uname()).toEqual(before);
});

test('without names, a new namespace starts with a copy', async () => {
  const { stdout } = await run('uname', ['-n'], { namespaces: [rootless, uts()] });
  expect(stdout.trimEnd()).toBe(hostname());
});

test('names can be empty, and are set even so', async () => {
  const namespaces = [rootless, uts({ hostname: '' })];
  const { stdout } = await run('cat', ['/proc/sys/kernel/hostname'], { namespaces });
  expect(stdout).toBe('\n');
});

test('names are read and set in the namespace of a process', async () => {
  const child = await box({ hostname: 'first' });
  try {
    const inside = { in: child.pid };
    expect(getHostname(inside)).toBe('first');
    setHostname('second', inside);
    setDomainname('lab', inside);
    expect(uname(inside)).toMatchObject({ nodename: 'second', domainname: 'lab' });
    expect(getHostname()).toBe(hostname());
  } finally {
    child.kill('SIGKILL');
    await child.exited;
  }
});

test('names are read and set through a handle, also when no process is left', async () => {
  const child = await box({ hostname: 'held' });
  // A command can join only a user namespace that has id maps.
  for (const [name, map] of [
    ['setgroups', 'deny'],
    ['uid_map', `0 ${process.geteuid?.()} 1`],
    ['gid_map', `0 ${process.getegid?.()} 1`],
  ] as const) {
    writeFileSync(`/proc/${child.pid}/${name}`, map);
  }
  const namespace = Namespace.of(child.pid, 'uts');
  const owner = Namespace.of(child.pid, 'user');
  try {
    child.kill('SIGKILL');
    await child.exited;
    setHostname('still-here', { in: namespace });
    expect(getHostname({ in: namespace })).toBe('still-here');
    const { stdout } = await run('uname', ['-n'], { namespaces: [owner, namespace] });
    expect(stdout).toBe('still-here\n');
  } finally {
    namespace.close();
    owner.close();
  }
});

test('any bytes but NUL come back as they were set', async () => {
  const child = await box();
  const inside = { in: child.pid };
  try {
    const name = fc.uint8Array({ min: 1, maxLength: 64 });
    fc.assert(
      fc.property(name, name, (host, domain) => {
        setHostname(host, inside);
        setDomainname(domain, inside);
        const { nodename, domainname } = uname({ ...inside, encoding: 'hex' });
        expect(nodename).toBe(Buffer.from(host).toString('hex'));
        expect(domainname).toBe(Buffer.from(domain).toString('hex'));
      }),
      { numRuns: 30 },
    );
  } finally {
    child.kill('SIGKILL');
    await child.exited;
  }
});

test('a name that the kernel would cut or refuse is refused before any call', () => {
  const wrong = [
    ['x'.repeat(65), RangeError],
    ['é'.repeat(33), RangeError],
    ['a\0b', TypeError],
    [undefined, TypeError],
    [7, TypeError],
  ] as const;
  for (const [name, type] of wrong) {
    expect(() => setHostname(name as string)).toThrow(type);
    expect(() => setHostname(name as string)).toThrow(/^hostname/);
    expect(() => setDomainname(name as string)).toThrow(/^domainname/);
    if (name === undefined) continue;
    expect(() => uts({ hostname: name as string })).toThrow(/^hostname/);
    expect(() => uts({ domainname: name as string })).toThrow(/^domainname/);
  }
});

test('what is not a UTS namespace is refused', () => {
  using other = Namespace.current('ipc');
  expect(() => getHostname({ in: other })).toThrow('in must be a namespace of type uts, not ipc');
  expect(() => getHostname({ in: -1 })).toThrow('in must be a namespace handle or a pid: -1');
  expect(() => getHostname({ encoding: 'utf-9' as 'utf8' })).toThrow('encoding: unknown: utf-9');
});
