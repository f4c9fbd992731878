import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { createNamespace } from '@ns/core';
import { expect, test } from 'vitest';
import { openInside } from '../inside/inside.js';
import { isolatedNet } from '../isolated.js';
import { openNet } from '../open-net.js';
import { Route } from '../route/route.js';
import { readSysctl } from '../sysctl.js';
import { createNatUplink } from './nat-uplink.js';
import { outside } from './outside.testing.js';

test('namespaces reach the outside under the address of the host, and are reached by its ports', async () => {
  using world = outside();
  using box = createNamespace(isolatedNet());
  using second = createNamespace(isolatedNet());
  using there = openInside(world.server);
  using here = openInside(box);
  const before = world.route.link.list().map(({ ifname }) => ifname);
  const way = createNatUplink(box, { host: world.host, forward: [{ host: 8080, inside: 80 }] });
  const another = createNatUplink(second, { host: world.host });
  expect(way.address).not.toBe(another.address);

  const server = await there.listen(
    net.createServer((s) => s.end(`from ${s.remoteAddress}`)),
    { port: 7 },
  );
  expect(await text(here.connect(7, '192.0.2.2'))).toMatch(/^from .*192\.0\.2\.1$/);
  const web = await here.listen(
    net.createServer((s) => s.end('inside')),
    { port: 80 },
  );
  expect(await text(there.connect(8080, '192.0.2.1'))).toBe('inside');
  for (const one of [server, web]) {
    one.close();
    await once(one, 'close');
  }

  way.close();
  expect(world.rules()).toContain('masquerade');
  expect(world.rules()).not.toContain('dnat ip to');
  another.close();
  another.close();
  expect(world.rules()).toBe('');
  expect(world.route.link.list().map(({ ifname }) => ifname)).toEqual(before);
  expect(readSysctl('net.ipv4.ip_forward', { in: world.host })).toBe('0');
});

test('what a crash has left is cleared by the next', () => {
  using world = outside();
  const lost = createNamespace(isolatedNet());
  const forgotten = createNatUplink(lost, { host: world.host, forward: [{ host: 81 }] });
  world.route.link.delete(world.route.link.list({ master: 'ns-uplink0' })[0]?.ifname ?? '');
  lost.close();
  using box = createNamespace(isolatedNet());
  using way = createNatUplink(box, { host: world.host });
  expect(world.rules()).not.toContain('dnat ip to');
  expect(way.address).toBe('10.208.0.2');
  forgotten.close();
  expect(world.rules()).toContain('masquerade');
});

test('what a process that is gone has left is undone by the next start, though the namespace lives', () => {
  using world = outside();
  using box = createNamespace(isolatedNet());
  using other = createNamespace(isolatedNet());
  const lost = createNatUplink(box, { host: world.host, forward: [{ host: 81 }] });
  const [pair] = world.route.link.list({ master: 'ns-uplink0' });
  // As if its maker had been another process, which has ended.
  const mark = String(pair?.ifalias);
  expect(mark).toMatch(new RegExp(` ${process.pid} \\d+$`));
  world.route.link.change(pair?.ifname ?? '', { alias: mark.replace(/\d+$/, '1') });
  {
    using way = createNatUplink(other, { host: world.host });
    expect(way.address).toBe('10.208.0.2');
    expect(world.rules()).not.toContain('dnat ip to');
    using route = Route.open({ in: box });
    expect(route.link.list().map(({ ifname }) => ifname)).toEqual(['lo']);
  }
  expect(world.rules()).toBe('');
  expect(readSysctl('net.ipv4.ip_forward', { in: world.host })).toBe('0');
  lost.close();
});

test('bridge and addresses can be chosen, and a bridge that was there stays', () => {
  using world = outside();
  using box = createNamespace(isolatedNet());
  using other = createNamespace(isolatedNet());
  world.route.link.add({ kind: 'bridge', name: 'mine' });
  const way = createNatUplink(box, { host: world.host, bridge: 'mine', network: '10.9.0.0/30' });
  expect(way).toMatchObject({ address: '10.9.0.2', gateway: '10.9.0.1' });
  const options = { host: world.host, bridge: 'mine', network: '10.9.0.0/30' };
  expect(() => createNatUplink(other, options)).toThrow('all addresses');
  using second = createNatUplink(other, { host: world.host });
  expect(second.address).toBe('10.208.0.2');
  way.close();
  expect(world.rules()).not.toContain('table inet mine');
  expect(world.route.link.get('mine').linkinfo?.info_kind).toBe('bridge');
  expect(() => createNatUplink(box, { bridge: 'a b' })).toThrow(/^options\.bridge must be/);
  expect(() => createNatUplink(box, { network: '10.0.0.1/24' })).toThrow(
    /^options\.network must be a prefix that begins/,
  );
  expect(() => createNatUplink(box, { network: '2001:db8::/64' })).toThrow(
    /^options\.network must be an IPv4 prefix/,
  );
});

test('many that start at the same time get addresses of their own', async () => {
  using world = outside();
  using pinned = openNet(world.host);
  const script = fileURLToPath(new URL('fixtures/nat-uplink.mjs', import.meta.url));
  const started = Array.from({ length: 4 }, () =>
    spawn(process.execPath, [script], {
      stdio: ['pipe', 'pipe', 'inherit', pinned.fd],
      cwd: import.meta.dirname,
    }),
  );
  const addresses = await Promise.all(
    started.map(async ({ stdout }) => String((await once(stdout as Readable, 'data'))[0]).trim()),
  );
  expect(new Set(addresses).size).toBe(4);
  for (const child of started) child.stdin?.end();
  const codes = await Promise.all(started.map(async (child) => (await once(child, 'close'))[0]));
  expect(codes).toEqual([0, 0, 0, 0]);
  expect(world.rules()).toBe('');
  expect(world.route.link.list().map(({ ifname }) => ifname)).not.toContain('ns-uplink0');
});

test('if it cannot be made, nothing is left', () => {
  using world = outside();
  using box = createNamespace(isolatedNet());
  const route = Route.open({ in: box });
  route.link.add({ kind: 'veth', name: 'eth0', peer: { name: 'x' } });
  route.close();
  expect(() => createNatUplink(box, { host: world.host })).toThrow('EEXIST');
  expect(
    world.route.link
      .list()
      .map(({ ifname }) => ifname)
      .sort(),
  ).toEqual(['lo', 'wan']);
  expect(world.rules()).toBe('');
  expect(() => createNatUplink(box, { forward: [{ host: 0 }] })).toThrow(RangeError);
});

test('a port that another uplink forwards is refused, and is free again when that is closed', () => {
  using world = outside();
  using box = createNamespace(isolatedNet());
  using other = createNamespace(isolatedNet());
  const way = createNatUplink(box, { host: world.host, forward: [{ host: 8080 }] });
  const before = world.rules();
  const open = () =>
    createNatUplink(other, {
      host: world.host,
      forward: [{ host: 81 }, { host: 8080, inside: 80 }],
    });
  expect(open).toThrow(
    expect.objectContaining({
      code: 'EADDRINUSE',
      message: 'cannot forward tcp port 8080: EADDRINUSE: another uplink of ns-uplink0 has it',
    }),
  );
  expect(world.rules()).toBe(before);
  using _udp = createNatUplink(other, {
    host: world.host,
    name: 'eth1',
    forward: [{ host: 8080, protocol: 'udp' }],
  });
  _udp.close();
  way.close();
  open().close();
  expect(world.rules()).toBe('');
});
