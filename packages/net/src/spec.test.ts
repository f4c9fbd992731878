import { readlinkSync } from 'node:fs';
import { getuid } from 'node:process';
import { explainSpawn, type NamespaceSpec, run } from '@ns/core';
import { expect, test } from 'vitest';
import { net } from './spec.js';

// What a user namespace needs is the business of another package; these tests work alone.
const owner: NamespaceSpec[] = getuid?.() === 0 ? [] : [{ type: 'user' }];

async function interfaces(spec: NamespaceSpec): Promise<{ ifname: string; flags: string[] }[]> {
  const { stdout } = await run('ip', ['-j', 'link'], { namespaces: [...owner, spec] });
  return JSON.parse(stdout);
}

test('a new network namespace holds a loopback interface that is up', async () => {
  const links = await interfaces(net());
  expect(links.map(({ ifname }) => ifname)).toEqual(['lo']);
  expect(links[0]?.flags).toContain('UP');
});

test('net({ loopback: false }) leaves the loopback interface down', async () => {
  const links = await interfaces(net({ loopback: false }));
  expect(links.map(({ ifname }) => ifname)).toEqual(['lo']);
  expect(links[0]?.flags).not.toContain('UP');
});

test('the namespace differs from that of the caller', async () => {
  const { stdout } = await run('readlink', ['/proc/self/ns/net'], {
    namespaces: [...owner, net()],
  });
  expect(stdout.trim()).toMatch(/^net:\[\d+\]$/);
  expect(stdout.trim()).not.toBe(readlinkSync('/proc/self/ns/net'));
});

test('explainSpawn shows the calls of net', () => {
  const text = explainSpawn('true', [], { namespaces: [net()] });
  expect(text).toContain('clone3(CLONE_NEWNET');
  expect(text).toMatch(/\$\d+ = socket\(2, /);
});

test('net refuses a wrong loopback', () => {
  expect(() => net({ loopback: 1 as never })).toThrow(TypeError);
});

test('net names a value that is not an object, and an unknown option', () => {
  expect(() => net(null as never)).toThrow(new TypeError('net must be an object, got null'));
  expect(() => net({ loopbak: true } as never)).toThrow(TypeError);
  expect(() => net({ loopbak: true } as never)).toThrow(
    'net.loopbak is not known (did you mean loopback?)',
  );
});
