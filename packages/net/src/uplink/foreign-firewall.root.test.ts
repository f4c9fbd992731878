// Uplinks on hosts whose firewall drops what is forwarded.
import { execFileSync } from 'node:child_process';
import { createNamespace, type Namespace } from '@ns/core';
import { expect, onTestFinished, test } from 'vitest';
import { ask, router, serve } from '../attacks/router.testing.js';
import { isolatedNet } from '../isolated.js';
import { Rtnetlink } from '../rtnetlink/rtnetlink.js';
import { createNatUplink } from './nat-uplink.js';

function lab() {
  const namespace = createNamespace(isolatedNet());
  onTestFinished(() => namespace.close());
  return namespace;
}

const nft = (host: Namespace, ...args: string[]) =>
  host.enter(() => execFileSync('nft', args, { encoding: 'utf8' }));

function linksOf(host: Namespace): string[] {
  using rtnetlink = Rtnetlink.open({ in: host });
  return rtnetlink.links
    .list()
    .map(({ ifname }) => ifname)
    .sort();
}

const forwardChain = '{ type filter hook forward priority 0; policy drop; }';

/** Drops what is forwarded, as docker and ufw do. */
function dropForwarded(host: Namespace, family = 'ip', table = 'filter', chain = 'FORWARD') {
  nft(host, 'add', 'table', family, table);
  nft(host, 'add', 'chain', family, table, chain, forwardChain);
}

test('an uplink passes the chain FORWARD of iptables, and leaves it as it was', async () => {
  using world = router(false);
  dropForwarded(world.host);
  const before = nft(world.host, 'list', 'ruleset');
  await using _far = await serve(world.far, 80, 'far');
  const [one, two] = [lab(), lab()];
  const way = createNatUplink(one, { host: world.host, forward: [{ host: 8080, inside: 80 }] });
  const second = createNatUplink(two, { host: world.host });
  await using _inside = await serve(one, 80, 'lab');
  expect(await ask(one, '10.2.0.2', 80)).toBe('far sees 10.2.0.1');
  expect(await ask(two, '10.2.0.2', 80)).toBe('far sees 10.2.0.1');
  expect(await ask(world.near, '10.1.0.1', 8080)).toBe('lab sees 10.1.0.2');
  expect(await ask(world.near, '10.2.0.2', 80)).not.toContain('far');
  // What the rules accept, the table of the uplink still rejects: only the forwarded port is open.
  expect(await ask(world.near, way.address, 80)).not.toContain('lab');
  way.close();
  expect(await ask(two, '10.2.0.2', 80)).toBe('far sees 10.2.0.1');
  second.close();
  expect(nft(world.host, 'list', 'ruleset')).toBe(before);
});

test('an uplink adds its rules to DOCKER-USER where docker has one, and not to FORWARD', async () => {
  using world = router(true);
  dropForwarded(world.host);
  nft(world.host, 'add', 'chain', 'ip', 'filter', 'DOCKER-USER');
  nft(world.host, 'add', 'rule', 'ip', 'filter', 'FORWARD', 'jump', 'DOCKER-USER');
  nft(world.host, 'add', 'rule', 'ip', 'filter', 'DOCKER-USER', 'counter', 'return');
  const rulesIn = (chain: string) => nft(world.host, 'list', 'chain', 'ip', 'filter', chain);
  const before = rulesIn('FORWARD');
  await using _far = await serve(world.far, 80, 'far');
  const box = lab();
  const way = createNatUplink(box, { host: world.host });
  expect(await ask(box, '10.2.0.2', 80)).toBe('far sees 10.2.0.1');
  expect(rulesIn('FORWARD')).toBe(before);
  // Packets of other networks are still dropped.
  expect(await ask(world.near, '10.2.0.2', 80)).not.toContain('far');
  way.close();
  expect(rulesIn('DOCKER-USER')).not.toContain('ns-uplink0');
});

test('an uplink fails below a chain of an administrator, and names the rules that cure it', async () => {
  using world = router(false);
  dropForwarded(world.host, 'inet', 'mine', 'forward');
  const before = nft(world.host, 'list', 'ruleset');
  await using _far = await serve(world.far, 80, 'far');
  const box = lab();
  let message = '';
  try {
    createNatUplink(box, { host: world.host });
  } catch (error) {
    ({ message } = error as Error);
  }
  expect(message).toMatch(
    /^cannot forward for ns-uplink0: the chain forward of the table inet mine drops .*; run: nft/,
  );
  expect(nft(world.host, 'list', 'ruleset')).toBe(before);
  expect(linksOf(world.host)).toEqual(['lan1', 'lan2', 'lo']);
  expect(world.forwarding('lan1')).toBe('0');
  for (const command of message.replace(/.*; run: /, '').split('; ')) {
    nft(world.host, ...command.split(' ').slice(1));
  }
  using _way = createNatUplink(box, { host: world.host });
  expect(await ask(box, '10.2.0.2', 80)).toBe('far sees 10.2.0.1');
});
