import { readFileSync } from 'node:fs';
import { run, spawn } from '@ns/core';
import { expect, test } from 'vitest';
import { net } from './spec.js';
import { getSysctl, setSysctl } from './sysctl.js';

test('settings belong to the namespace', async () => {
  await using child = await spawn('sleep', ['60'], {
    namespaces: [{ type: 'user' }, net()],
    stdio: 'ignore',
  });
  const outside = readFileSync('/proc/sys/net/ipv4/ip_default_ttl', 'utf8').trim();
  setSysctl('net.ipv4.ip_default_ttl', 77, { in: child.pid });
  expect(getSysctl('net.ipv4.ip_default_ttl', { in: child.pid })).toBe('77');
  expect(getSysctl('net.ipv4.ip_default_ttl')).toBe(outside);
  expect(getSysctl('net/ipv4/conf/lo/forwarding', { in: child.pid })).toMatch(/^[01]$/);
  expect(() => getSysctl('net.ipv4.nothing', { in: child.pid })).toThrow('ENOENT');
  expect(() => setSysctl('net.ipv4.ip_default_ttl', 'x', { in: child.pid })).toThrow('EINVAL');
  const { stdout } = await run('cat', ['/proc/sys/net/ipv4/ip_default_ttl']);
  expect(stdout.trim()).toBe(outside);
});

test('only settings of the network are reached', () => {
  for (const name of ['kernel.hostname', 'net', 'net/../kernel/hostname', '', 'net..x']) {
    expect(() => getSysctl(name)).toThrow(TypeError);
  }
});
