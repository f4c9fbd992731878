// What a way outside by address translation lets strangers reach: those behind it, those on the
// networks of the host, and those that the host routes for.
import { once } from 'node:events';
import type { Namespace } from '@ns/core';
import { createNamespace } from '@ns/core';
import { closeFd, syscall } from '@ns/core/sys';
import { expect, onTestFinished, test } from 'vitest';
import { openInside } from '../inside/inside.js';
import { isolatedNet } from '../isolated.js';
import { setOption } from '../netlink/socket.js';
import { Route } from '../route/route.js';
import { writeSysctl } from '../sysctl.js';
import { createNatUplink, type NatUplinkOptions } from '../uplink/nat-uplink.js';
import { ask, router, serve } from './router.testing.js';

/** A namespace with a way outside. */
function lab(host: Namespace, options: NatUplinkOptions = {}) {
  const namespace = createNamespace(isolatedNet());
  onTestFinished(() => namespace.close());
  const way = createNatUplink(namespace, { host, ...options });
  onTestFinished(() => way.close());
  return { namespace, way };
}

test('createNatUplink forwards connections to the host, and none that the host routes to others', async () => {
  using world = router(true);
  await using _far = await serve(world.far, 80, 'far');
  expect(await ask(world.near, '10.2.0.2', 80)).toBe('far sees 10.1.0.2');
  const { namespace } = lab(world.host, { forward: [{ host: 80 }] });
  await using _lab = await serve(namespace, 80, 'lab');
  expect(await ask(world.near, '10.1.0.1', 80)).toBe('lab sees 10.1.0.2');
  expect(await ask(world.near, '10.2.0.1', 80)).toBe('lab sees 10.1.0.2');
  expect(await ask(world.near, '10.2.0.2', 80)).toBe('far sees 10.1.0.2');
  expect(await ask(world.host, '10.2.0.2', 80)).toBe('far sees 10.2.0.1');
});

test('createNatUplink forwards what the host itself and the namespaces behind it connect to', async () => {
  using world = router(true);
  const { namespace, way } = lab(world.host, { forward: [{ host: 8080, inside: 80 }] });
  const other = lab(world.host);
  await using _lab = await serve(namespace, 80, 'lab');
  expect(await ask(world.host, '10.1.0.1', 8080)).toBe('lab sees 10.1.0.1');
  expect(await ask(namespace, '10.1.0.1', 8080)).toBe(`lab sees ${way.gateway}`);
  expect(await ask(namespace, way.gateway, 8080)).toBe(`lab sees ${way.gateway}`);
  expect(await ask(other.namespace, way.gateway, 8080)).toBe(`lab sees ${way.gateway}`);
  // Loopback stays the host's own: to forward it would open 127.0.0.0/8 to those on the bridge.
  await using _own = await serve(world.host, 8080, 'host', '127.0.0.1');
  expect(await ask(world.host, '127.0.0.1', 8080)).toBe('host sees 127.0.0.1');
});

test('createNatUplink does not make the host a router for others', async () => {
  using world = router(false);
  await using _far = await serve(world.far, 80, 'far');
  const { namespace, way } = lab(world.host);
  expect(await ask(namespace, '10.2.0.2', 80)).toBe('far sees 10.2.0.1');
  expect(await ask(world.near, '10.2.0.2', 80)).not.toContain('far');
  // The counterpart: a host that forwards without a rule.
  writeSysctl('net.ipv4.ip_forward', 0, { in: world.host });
  way.close();
  writeSysctl('net.ipv4.ip_forward', 1, { in: world.host });
  expect(await ask(world.near, '10.2.0.2', 80)).toBe('far sees 10.1.0.2');
});

test('createNatUplink leaves forwarding as it was found, when the last uplink of all bridges ends', async () => {
  using world = router(false);
  writeSysctl('net.ipv4.conf.lan1.forwarding', 1, { in: world.host });
  await using _far = await serve(world.far, 80, 'far');
  const a = lab(world.host, { bridge: 'bra', network: '10.50.0.0/24' });
  const b = lab(world.host, { bridge: 'brb', network: '10.51.0.0/24' });
  a.way.close();
  expect(await ask(b.namespace, '10.2.0.2', 80)).toBe('far sees 10.2.0.1');
  b.way.close();
  expect([world.forwarding('all'), world.forwarding('lan1'), world.forwarding('lan2')]).toEqual([
    '0',
    '1',
    '0',
  ]);
  expect(world.rules()).toBe('');
});

test('createNatUplink leaves forwarding on if another program has turned it on meanwhile', () => {
  using world = router(false);
  const { way } = lab(world.host);
  writeSysctl('net.ipv4.ip_forward', 1, { in: world.host });
  way.close();
  expect([world.forwarding('all'), world.forwarding('lan1')]).toEqual(['1', '1']);
  expect(world.rules()).toBe('');
});

test.each([true, false])(
  'machines on the networks of the host reach forwarded ports only (router: %s)',
  async (forwards) => {
    using world = router(forwards);
    const { namespace, way } = lab(world.host, { forward: [{ host: 80 }] });
    await using _open = await serve(namespace, 80, 'lab');
    await using _closed = await serve(namespace, 81, 'lab');
    expect(await ask(world.near, '10.1.0.1', 80)).toBe('lab sees 10.1.0.2');
    expect(await ask(world.near, way.address, 81)).not.toContain('lab');
    expect(await ask(world.host, way.address, 81)).toContain('lab');
  },
);

test('a namespace behind createNatUplink reaches no service of the host but DNS, unless hostAccess is set', async () => {
  using world = router(true);
  const { namespace, way } = lab(world.host);
  const trusted = lab(world.host, { hostAccess: true });
  await using _any = await serve(world.host, 7000, 'host');
  await using _dns = await serve(world.host, 53, 'host');
  await using _loopback = await serve(world.host, 7001, 'host', '127.0.0.1');
  for (const address of [way.gateway, '10.1.0.1']) {
    expect(await ask(namespace, address, 7000)).toBe('EHOSTUNREACH');
    expect(await ask(namespace, address, 53)).toBe(`host sees ${way.address}`);
    expect(await ask(namespace, address, 7001)).toBe('EHOSTUNREACH');
    expect(await ask(trusted.namespace, address, 7000)).toBe(`host sees ${trusted.way.address}`);
    expect(await ask(trusted.namespace, address, 7001)).toBe('ECONNREFUSED');
  }
  trusted.way.close();
  expect(await ask(namespace, way.gateway, 7000)).toBe('EHOSTUNREACH');
});

test('a namespace behind createNatUplink reaches no metadata service, unless hostAccess is set', async () => {
  using world = router(true);
  using far = Route.open({ in: world.far });
  using host = Route.open({ in: world.host });
  far.address.add({ dev: 'eth0', address: '169.254.169.254/32' });
  host.route.add({ dst: '169.254.169.254/32', gateway: '10.2.0.2' });
  await using _web = await serve(world.far, 80, 'metadata');
  await using _dns = await serve(world.far, 53, 'dns');
  expect(await ask(world.host, '169.254.169.254', 80)).toContain('metadata');
  const { namespace } = lab(world.host);
  expect(await ask(namespace, '169.254.169.254', 80)).toBe('EHOSTUNREACH');
  expect(await ask(namespace, '169.254.169.254', 53)).toContain('dns');
  const trusted = lab(world.host, { hostAccess: true });
  expect(await ask(trusted.namespace, '169.254.169.254', 80)).toContain('metadata');
});

test('a namespace behind createNatUplink cannot speak in the name of another', async () => {
  using world = router(true);
  const victim = lab(world.host);
  const attacker = lab(world.host);
  using route = Route.open({ in: attacker.namespace });
  await using _victim = await serve(victim.namespace, 80, 'victim');
  expect(await ask(attacker.namespace, victim.way.address, 80)).toContain('victim');
  route.address.add({ dev: 'eth0', address: '10.9.9.9/32' });
  using host = openInside(world.host);
  const heard: string[] = [];
  const socket = host.createSocket('udp4');
  onTestFinished(async () => {
    socket.close();
    await once(socket, 'close');
  });
  socket.on('message', (_message, { address }) => heard.push(address));
  await new Promise<void>((resolve) => socket.bind(53, resolve));
  const say = (source: string) =>
    attacker.namespace.enter(() => {
      const fd = syscall('socket', 2, 2, 0);
      try {
        syscall('bind', fd, inet(source, 0), 16);
        syscall('sendto', fd, Buffer.from('x'), 1, 0, inet('10.1.0.1', 53), 16);
      } finally {
        closeFd(fd);
      }
    });
  say('10.9.9.9');
  say(attacker.way.address);
  await expect.poll(() => heard.length, { timeout: 10_000 }).toBeGreaterThan(0);
  expect(heard).toEqual([attacker.way.address]);
  // The address of the victim, which the host would then believe to be here (ARP).
  route.address.add({ dev: 'eth0', address: `${victim.way.address}/32` });
  expect(await ask(world.host, victim.way.address, 80)).toContain('victim');
});

/** struct sockaddr_in. */
function inet(address: string, port: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(2, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(address.split('.').map(Number), 4);
  return bytes;
}

test('a namespace behind createNatUplink cannot give the host a route by a router advertisement', async () => {
  using world = router(true);
  const { namespace } = lab(world.host);
  using route = Route.open({ in: world.host });
  using there = Route.open({ in: namespace });
  const advertise = (from: Namespace, dev: string) => {
    using one = Route.open({ in: from });
    one.address.replace({ dev, address: 'fe80::bad/64', flags: ['nodad'] });
    from.enter(() => {
      const [AF_INET6, SOCK_RAW, ICMPV6, IPV6, MULTICAST_IF, MULTICAST_HOPS] = [
        10, 3, 58, 41, 17, 18,
      ];
      const fd = syscall('socket', AF_INET6, SOCK_RAW, ICMPV6);
      try {
        setOption(fd, IPV6, MULTICAST_IF, one.link.get(dev).ifindex);
        setOption(fd, IPV6, MULTICAST_HOPS, 255);
        const source = Buffer.alloc(28);
        source.writeUInt16LE(AF_INET6, 0);
        source.set(
          Buffer.from('fe80000000000000000000000000bad0'.replace(/0$/, ''), 'latin1').subarray(
            0,
            0,
          ),
          8,
        );
        const all = Buffer.alloc(28);
        all.writeUInt16LE(AF_INET6, 0);
        all.set([0xff, 2], 8);
        all[23] = 1;
        const message = Buffer.alloc(16);
        message.set([134, 0, 0, 0, 64, 0, 0x07, 0x08]);
        syscall('sendto', fd, message, message.length, 0, all, all.length);
      } finally {
        closeFd(fd);
      }
    });
  };
  const defaults = () =>
    route.route.list({ family: 'inet6' }).filter(({ dst }) => dst === 'default');
  advertise(namespace, 'eth0');
  // The counterpart: another interface of the host believes the same message. It comes later.
  advertise(world.near, 'eth0');
  await expect.poll(() => defaults().map(({ dev }) => dev), { timeout: 10_000 }).toContain('lan1');
  expect(defaults().map(({ dev }) => dev)).toEqual(['lan1']);
  expect(there.address.list({ dev: 'eth0' }).length).toBeGreaterThan(0);
});

test('createNatUplink refuses a network that the host has already', () => {
  using world = router(true);
  using box = createNamespace(isolatedNet());
  const take = (network: string) => createNatUplink(box, { host: world.host, network });
  expect(() => take('10.1.0.0/16')).toThrow(/10\.1\.0\.1\/24 of lan1.*`network`/);
  using route = Route.open({ in: world.host });
  route.route.add({ dst: '10.208.7.0/24', gateway: '10.1.0.2' });
  expect(() => take('10.208.0.0/16')).toThrow(/10\.208\.7\.0\/24/);
  expect(world.rules()).toBe('');
});
