import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { Namespace, run, runSync, spawn } from '@ns/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  readDomainname,
  readHostname,
  uname,
  uts,
  writeDomainname,
  writeHostname,
} from './index.js';

// A user namespace gives its first process every privilege inside, for root and others alike.
const rootless = { type: 'user' } as const;

/** Spawns a process in a new UTS namespace. */
async function spawnBox(options = {}) {
  const namespaces = [rootless, uts(options)];
  return spawn('sleep', ['60'], { namespaces, stdio: 'ignore' });
}

test('the names of this machine equal those in /proc/sys/kernel', () => {
  const kernel = (name: string) => readFileSync(`/proc/sys/kernel/${name}`, 'utf8').trimEnd();
  expect(readHostname()).toBe(hostname());
  expect(uname()).toEqual({
    sysname: kernel('ostype'),
    nodename: kernel('hostname'),
    release: kernel('osrelease'),
    version: kernel('version'),
    machine: expect.stringMatching(/^(x86_64|aarch64)$/),
    domainname: kernel('domainname'),
  });
  expect(readDomainname()).toBe(kernel('domainname'));
});

test('uts gives a command its names, and those of the host stay', async () => {
  const before = uname();
  const namespaces = [rootless, uts({ hostname: 'box', domainname: 'lab.example' })];
  const { stdout } = await run('uname', ['-n'], { namespaces });
  expect(stdout).toBe('box\n');
  const file = '/proc/sys/kernel/domainname';
  expect(runSync('cat', [file], { namespaces }).stdout).toBe('lab.example\n');
  expect(uname()).toEqual(before);
});

test('uts without names starts with a copy of the host name', async () => {
  const { stdout } = await run('uname', ['-n'], { namespaces: [rootless, uts()] });
  expect(stdout.trimEnd()).toBe(hostname());
});

test('uts writes an empty host name', async () => {
  const namespaces = [rootless, uts({ hostname: '' })];
  const { stdout } = await run('cat', ['/proc/sys/kernel/hostname'], { namespaces });
  expect(stdout).toBe('\n');
});

test('names are read and written in the namespace of a process', async () => {
  const child = await spawnBox({ hostname: 'first' });
  try {
    const inside = { in: child.pid };
    expect(readHostname(inside)).toBe('first');
    writeHostname('second', inside);
    writeDomainname('lab', inside);
    expect(uname(inside)).toMatchObject({ nodename: 'second', domainname: 'lab' });
    expect(readHostname()).toBe(hostname());
    using own = Namespace.of('self', 'uts');
    expect(readHostname({ in: 'self' })).toBe(hostname());
    expect(readHostname({ in: process.pid })).toBe(hostname());
    expect(readHostname({ in: own })).toBe(hostname());
  } finally {
    child.kill('SIGKILL');
    await child.exited;
  }
});

test('names are read and written through a handle after the last process has ended', async () => {
  const child = await spawnBox({ hostname: 'held' });
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
    writeHostname('still-here', { in: namespace });
    expect(readHostname({ in: namespace })).toBe('still-here');
    const { stdout } = await run('uname', ['-n'], { namespaces: [owner, namespace] });
    expect(stdout).toBe('still-here\n');
  } finally {
    namespace.close();
    owner.close();
  }
});

test('names return all bytes except NUL as they were written', async () => {
  const child = await spawnBox();
  const inside = { in: child.pid };
  try {
    const name = fc.uint8Array({ min: 1, maxLength: 64 });
    fc.assert(
      fc.property(name, name, (host, domain) => {
        writeHostname(host, inside);
        writeDomainname(domain, inside);
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
