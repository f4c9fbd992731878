import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { createNamespace } from '../create.js';
import { inside } from '../inside/inside.js';
import { Route } from '../route/route.js';
import { getSysctl } from '../sysctl.js';
import { natUplink } from './nat.js';

/** A host with a cable to a server outside. */
function outside() {
  const host = createNamespace();
  const server = createNamespace();
  const route = Route.open({ in: host });
  const other = Route.open({ in: server });
  route.link.add({
    kind: 'veth',
    name: 'wan',
    up: true,
    peer: { name: 'eth0', namespace: server },
  });
  route.address.add({ dev: 'wan', address: '192.0.2.1/24' });
  other.link.up('eth0');
  other.address.add({ dev: 'eth0', address: '192.0.2.2/24' });
  other.close();
  return {
    host,
    server,
    route,
    rules: () => host.enter(() => execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' })),
    [Symbol.dispose]() {
      route.close();
      host.close();
      server.close();
    },
  };
}

test('namespaces reach the outside under the address of the host, and are reached by its ports', async () => {
  using world = outside();
  using box = createNamespace();
  using second = createNamespace();
  using there = inside(world.server);
  using here = inside(box);
  const before = world.route.link.list().map(({ ifname }) => ifname);
  const way = natUplink(box, { host: world.host, forward: [{ host: 8080, inside: 80 }] });
  const another = natUplink(second, { host: world.host });
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
  expect(world.rules()).not.toContain('dnat');
  another.close();
  another.close();
  expect(world.rules()).toBe('');
  expect(world.route.link.list().map(({ ifname }) => ifname)).toEqual(before);
  expect(getSysctl('net.ipv4.ip_forward', { in: world.host })).toBe('0');
});

test('what a crash has left is cleared by the next', () => {
  using world = outside();
  const lost = createNamespace();
  const forgotten = natUplink(lost, { host: world.host, forward: [{ host: 81 }] });
  world.route.link.delete(world.route.link.list({ master: 'ns-uplink0' })[0]?.ifname ?? '');
  lost.close();
  using box = createNamespace();
  using way = natUplink(box, { host: world.host });
  expect(world.rules()).not.toContain('dnat');
  expect(way.address).toBe('10.88.0.2');
  forgotten.close();
  expect(world.rules()).toContain('masquerade');
});

test('if it cannot be made, nothing is left', () => {
  using world = outside();
  using box = createNamespace();
  const route = Route.open({ in: box });
  route.link.add({ kind: 'veth', name: 'eth0', peer: { name: 'x' } });
  route.close();
  expect(() => natUplink(box, { host: world.host })).toThrow('EEXIST');
  expect(
    world.route.link
      .list()
      .map(({ ifname }) => ifname)
      .sort(),
  ).toEqual(['lo', 'wan']);
  expect(world.rules()).toBe('');
  expect(() => natUplink(box, { forward: [{ host: 0 }] })).toThrow(RangeError);
});
