import { readFileSync } from 'node:fs';
import { run, spawn } from '@ns/core';
import { expect, test } from 'vitest';
import { net } from './spec.js';
import { readSysctl, writeSysctl } from './sysctl.js';

test('settings belong to the namespace', async () => {
  await using child = await spawn('sleep', ['60'], {
    namespaces: [{ type: 'user' }, net()],
    stdio: 'ignore',
  });
  const outside = readFileSync('/proc/sys/net/ipv4/ip_default_ttl', 'utf8').trim();
  writeSysctl('net.ipv4.ip_default_ttl', 77, { in: child.pid });
  expect(readSysctl('net.ipv4.ip_default_ttl', { in: child.pid })).toBe('77');
  expect(readSysctl('net.ipv4.ip_default_ttl')).toBe(outside);
  expect(readSysctl('net/ipv4/conf/lo/forwarding', { in: child.pid })).toMatch(/^[01]$/);
  expect(() => readSysctl('net.ipv4.nothing', { in: child.pid })).toThrow('ENOENT');
  expect(() => writeSysctl('net.ipv4.ip_default_ttl', 'x', { in: child.pid })).toThrow('EINVAL');
  const { stdout } = await run('cat', ['/proc/sys/net/ipv4/ip_default_ttl']);
  expect(stdout.trim()).toBe(outside);
});

test('only settings of the network are reached', () => {
  for (const name of ['kernel.hostname', 'net', 'net/../kernel/hostname', '', 'net..x']) {
    expect(() => readSysctl(name)).toThrow(TypeError);
  }
});
