import { execFileSync, spawn as nodeSpawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { MS } from '@ns/core/authors';
import { syscall } from '@ns/core/sys';
import { beforeAll, expect, test } from 'vitest';
import { named } from '../index.js';
import { elsewhere, mayVisit } from '../testing/private-run.js';

// The machine's own names are not touched.
beforeAll(mayVisit);

const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' });
const shown = (): string[] =>
  JSON.parse(ip('-j', 'netns', 'list') || '[]').map(({ name }: { name: string }) => name);

test('names that are made here are seen by ip netns, and the other way round', () => {
  elsewhere(() => {
    expect(named.list()).toEqual([]);
    named.create('ours').close();
    ip('netns', 'add', 'theirs');
    expect(shown().sort()).toEqual(['ours', 'theirs']);
    expect(named.list()).toEqual([{ name: 'ours' }, { name: 'theirs' }]);
    expect(JSON.parse(ip('-n', 'ours', '-j', 'link'))[0]).toMatchObject({ ifname: 'lo' });
    expect(ip('-n', 'ours', 'link')).toContain('LOOPBACK,UP');
    ip('netns', 'delete', 'ours');
    named.remove('theirs');
    expect(shown()).toEqual([]);
    expect(existsSync('/run/netns/theirs')).toBe(false);
  });
});

test('the directory is a shared mount, so that a deletion reaches all mount namespaces', () => {
  elsewhere(() => {
    named.create('box').close();
    const mounts = readFileSync('/proc/thread-self/mountinfo', 'utf8').split('\n');
    // The last one: the machine's own may lie below.
    expect(mounts.findLast((line) => line.includes(' /run/netns '))).toContain('shared:');
    named.remove('box');
  });
});

test('a name is taken only once, and errors leave nothing', () => {
  elsewhere(() => {
    named.create('box').close();
    expect(() => named.create('box')).toThrow('EEXIST');
    named.remove('box');
    expect(() => named.remove('box')).toThrow('ENOENT');
    expect(() => named.open('box')).toThrow('ENOENT');
    expect(() => named.create('../box')).toThrow(TypeError);
    expect(() => named.create('')).toThrow(TypeError);
    expect(named.list()).toEqual([]);
  });
});

test('what a crash has left of a name is not listed and does not stand in the way', () => {
  elsewhere(() => {
    named.create('other').close();
    writeFileSync('/run/netns/box', '');
    expect(() => named.create('box')).toThrow('EEXIST'); // it may be in the making
    utimesSync('/run/netns/box', 1, 1);
    expect(named.list()).toEqual([{ name: 'other' }]);
    named.create('box').close();
    expect(shown().sort()).toEqual(['box', 'other']);
    named.remove('box');
    named.remove('other');
  });
});

test('a process is found by its name, and the name by the process', async () => {
  const child = elsewhere(() => {
    using box = named.create('box');
    const started = box.enter(() => nodeSpawn('sleep', ['60'], { stdio: 'ignore' }));
    const pid = started.pid as number;
    expect(named.listPids('box')).toEqual([pid]);
    expect(ip('netns', 'pids', 'box').trim()).toBe(String(pid));
    expect(named.identify(pid)).toEqual(['box']);
    expect(named.identify()).toEqual([]);
    expect(box.enter(() => named.identify())).toEqual(['box']);
    named.remove('box');
    expect(named.identify(pid)).toEqual([]);
    return started;
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill();
  await ended;
});

test('a command sees the files of the name and its own interfaces', () => {
  elsewhere(() => {
    syscall('mount', 'tmpfs', '/mnt', 'tmpfs', 0, null);
    execFileSync('cp', ['-a', '/etc/hosts', '/etc/resolv.conf', '/etc/passwd', '/mnt/']);
    syscall('mount', '/mnt', '/etc', null, MS.BIND, null);
    mkdirSync('/etc/netns/box', { recursive: true });
    writeFileSync('/etc/netns/box/resolv.conf', 'nameserver 192.0.2.53\n');
    writeFileSync('/etc/netns/box/not-in-etc', '');
    named.create('box').close();
    const { stdout } = named.execSync('box', 'cat', ['/etc/resolv.conf']);
    expect(stdout).toBe('nameserver 192.0.2.53\n');
    expect(stdout).toBe(ip('netns', 'exec', 'box', 'cat', '/etc/resolv.conf'));
    expect(named.execSync('box', 'ls', ['/sys/class/net']).stdout).toBe('lo\n');
    expect(readFileSync('/etc/resolv.conf', 'utf8')).not.toContain('192.0.2.53');
    named.remove('box');
  });
});
