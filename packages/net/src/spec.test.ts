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

test('the loopback interface stays down if asked to', async () => {
  const links = await interfaces(net({ loopback: false }));
  expect(links.map(({ ifname }) => ifname)).toEqual(['lo']);
  expect(links[0]?.flags).not.toContain('UP');
});

test('the namespace is another one than ours', async () => {
  const { stdout } = await run('readlink', ['/proc/self/ns/net'], {
    namespaces: [...owner, net()],
  });
  expect(stdout.trim()).toMatch(/^net:\[\d+\]$/);
  expect(stdout.trim()).not.toBe(readlinkSync('/proc/self/ns/net'));
});

test('the plan names the calls', () => {
  const text = explainSpawn('true', [], { namespaces: [net()] });
  expect(text).toContain('clone3(CLONE_NEWNET');
  expect(text).toMatch(/\$\d+ = socket\(2, /);
});

test('a wrong option is refused before anything happens', () => {
  expect(() => net({ loopback: 1 as never })).toThrow(TypeError);
});

test('what is no object, and an option that it does not have, are refused by name', () => {
  expect(() => net(null as never)).toThrow(new TypeError('net must be an object: null'));
  expect(() => net({ loopbak: true } as never)).toThrow(TypeError);
  expect(() => net({ loopbak: true } as never)).toThrow('net has no option loopbak; it has ');
});
