import { expect, test } from 'vitest';
import { emptyLab, lab } from './lab.testing.js';
import { watchNet } from './watch-net.js';

test('routes.list and dump of a table without routes are empty, also before the kernel makes it', async () => {
  using net = emptyLab();
  for (const table of ['main', 1234] as const) {
    expect(net.rtnetlink.routes.list({ family: 'inet', table })).toEqual([]);
    for await (const one of net.rtnetlink.routes.dump({ family: 'inet', table })) {
      expect(one).toBeUndefined();
    }
  }
});

test('rules are as ip(8) shows them', () => {
  using net = lab();
  net.rtnetlink.rules.add({
    src: '10.1.0.0/16',
    table: 1000,
    priority: 100,
    iif: 'a0',
    fwmark: 3,
    fwmask: 0xff,
  });
  net.rtnetlink.rules.add({
    not: true,
    dst: '10.2.0.1',
    action: 'blackhole',
    priority: 101,
    ipproto: 6,
    dport: { start: 80, end: 90 },
  });
  net.rtnetlink.rules.add({
    family: 'inet6',
    table: 7,
    priority: 102,
    uidrange: { start: 5, end: 6 },
  });
  const shown = net.json('ip', 'rule');
  expect(shown.map((r: { priority: number }) => r.priority)).toEqual(
    net.rtnetlink.rules.list({ family: 'inet' }).map(({ priority }) => priority),
  );
  expect(net.rtnetlink.rules.list({ family: 'inet' }).slice(0, 3)).toMatchObject([
    { priority: 0, src: 'all', table: 'local', protocol: 'kernel' },
    { priority: 100, src: '10.1.0.0/16', table: 1000, iif: 'a0', fwmark: 3, fwmask: 255 },
    {
      priority: 101,
      not: true,
      dst: '10.2.0.1',
      action: 'blackhole',
      ipproto: 6,
      dport: { start: 80, end: 90 },
    },
  ]);
  expect(shown[1]).toMatchObject({ src: '10.1.0.0', srclen: 16, table: '1000', iif: 'a0' });
  net.rtnetlink.rules.remove({ priority: 100 });
  net.rtnetlink.rules.remove({ priority: 101 });
  net.rtnetlink.rules.remove({ family: 'inet6', priority: 102 });
  expect(net.rtnetlink.rules.list({ family: 'inet' }).map(({ priority }) => priority)).toEqual([
    0, 32766, 32767,
  ]);
  expect(() => net.rtnetlink.rules.remove({ priority: 100 })).toThrow('ENOENT');
});

test('neighbours and forwarding databases are as ip(8) and bridge(8) show them', async () => {
  using net = lab();
  net.rtnetlink.neighbours.add({ dev: 'a0', dst: '10.0.0.9', lladdr: '02:00:00:00:00:09' });
  net.rtnetlink.links.add({ kind: 'vxlan', name: 'vx0', id: 7, port: 4789 });
  net.rtnetlink.neighbours.add({
    dev: 'vx0',
    family: 'bridge',
    lladdr: '02:00:00:00:00:01',
    flags: ['self'],
    dst: '192.0.2.1',
  });
  expect(net.rtnetlink.neighbours.list({ dev: 'a0', family: 'inet' })).toMatchObject([
    { dst: '10.0.0.9', lladdr: '02:00:00:00:00:09', state: ['PERMANENT'], dev: 'a0' },
  ]);
  expect(net.json('ip', '-4', 'neigh')).toMatchObject([
    { dst: '10.0.0.9', lladdr: '02:00:00:00:00:09', state: ['PERMANENT'] },
  ]);
  expect(net.rtnetlink.neighbours.list({ dev: 'vx0', family: 'bridge' })).toContainEqual(
    expect.objectContaining({ lladdr: '02:00:00:00:00:01', dst: '192.0.2.1', flags: ['self'] }),
  );
  expect(net.rtnetlink.neighbours.get({ dev: 'a0', dst: '10.0.0.9' })).toMatchObject({
    lladdr: '02:00:00:00:00:09',
    dev: 'a0',
  });
  expect(() => net.rtnetlink.neighbours.get({ dev: 'a0', dst: '10.0.0.8' })).toThrow('ENOENT');
  const dumped: unknown[] = [];
  for await (const one of net.rtnetlink.neighbours.dump({ dev: 'vx0', family: 'bridge' })) {
    dumped.push(one);
  }
  expect(dumped).toEqual(net.rtnetlink.neighbours.list({ dev: 'vx0', family: 'bridge' }));
  net.rtnetlink.neighbours.remove({ dev: 'a0', dst: '10.0.0.9' });
  expect(
    net.rtnetlink.neighbours
      .list({ dev: 'a0', family: 'inet' })
      .filter(({ state }) => state.includes('PERMANENT')),
  ).toEqual([]);
});

test('nexthops are as ip(8) shows them', () => {
  using net = lab();
  net.rtnetlink.nexthops.add({ id: 1, gateway: '10.0.0.2', dev: 'a0' });
  net.rtnetlink.nexthops.add({ id: 2, gateway: '10.0.0.3', dev: 'a0' });
  net.rtnetlink.nexthops.add({ id: 3, group: [{ id: 1, weight: 2 }, { id: 2 }] });
  net.rtnetlink.nexthops.add({ id: 4, blackhole: true });
  net.rtnetlink.routes.add({ dst: '10.3.0.0/16', nhid: 3 });
  expect(net.json('ip', 'nexthop')).toMatchObject([
    { id: 1, gateway: '10.0.0.2', dev: 'a0' },
    { id: 2 },
    { id: 3, group: [{ id: 1, weight: 2 }, { id: 2 }] },
    { id: 4 },
  ]);
  expect(net.rtnetlink.nexthops.list()).toMatchObject([
    { id: 1, gateway: '10.0.0.2', dev: 'a0', family: 'inet' },
    { id: 2, gateway: '10.0.0.3' },
    {
      id: 3,
      group: [
        { id: 1, weight: 2 },
        { id: 2, weight: 1 },
      ],
    },
    { id: 4, blackhole: true },
  ]);
  expect(
    net.rtnetlink.routes.list({ family: 'inet' }).find(({ dst }) => dst === '10.3.0.0/16')?.nhid,
  ).toBe(3);
  expect(net.rtnetlink.nexthops.get(4)).toEqual(net.rtnetlink.nexthops.list()[3]);
  expect(() => net.rtnetlink.nexthops.get(5)).toThrow('ENOENT');
  net.rtnetlink.nexthops.remove(3);
  expect(
    net.rtnetlink.routes.list({ family: 'inet' }).find(({ dst }) => dst === '10.3.0.0/16'),
  ).toBeUndefined();
});

test('namespaces have ids for each other', () => {
  using a = lab();
  using b = lab();
  expect(a.rtnetlink.namespaceIds.get(b.namespace)).toBeUndefined();
  expect(a.rtnetlink.namespaceIds.assign(b.namespace, 17)).toBe(17);
  expect(a.rtnetlink.namespaceIds.get(b.namespace)).toBe(17);
  expect(a.rtnetlink.namespaceIds.list()).toEqual([17]);
  expect(() => a.rtnetlink.namespaceIds.assign(b.namespace, 18)).toThrow('EEXIST');
});

test('watchNet gives changes in their order, with all also those of other namespaces', async () => {
  using a = lab();
  using b = lab();
  a.rtnetlink.namespaceIds.assign(b.namespace, 5);
  const events = watchNet({
    in: a.namespace,
    all: true,
    groups: ['link', 'address', 'route', 'rule', 'neighbour'],
  });
  a.rtnetlink.links.change('a0', { mtu: 1234 });
  b.rtnetlink.links.change('a0', { mtu: 1235 });
  a.rtnetlink.addresses.add({ dev: 'a0', address: '10.0.9.1/24' });
  a.rtnetlink.rules.add({ priority: 9, table: 9 });
  a.rtnetlink.neighbours.add({ dev: 'a0', dst: '10.0.0.9', lladdr: '02:00:00:00:00:09' });
  a.rtnetlink.links.remove('a0');
  const seen: Record<string, unknown> = {};
  for await (const event of events) {
    if (event.event === 'link' && event.link.mtu === 1234) seen.here = event.nsid;
    if (event.event === 'link' && event.link.mtu === 1235) seen.there = event.nsid;
    if (event.event === 'address' && event.action === 'new') seen.address = event.address.local;
    if (event.event === 'route' && event.action === 'new' && event.route.dst.startsWith('10.'))
      seen.route = event.route.dst;
    if (event.event === 'rule') seen.rule = event.rule.priority;
    if (event.event === 'neighbour' && event.action === 'new' && event.neighbour.dst)
      seen.neighbour = event.neighbour.dst;
    if (event.event === 'link' && event.action === 'remove' && event.link.ifname === 'a0') break;
  }
  expect(seen).toEqual({
    here: undefined,
    there: 5,
    address: '10.0.9.1',
    route: '10.0.9.0/24',
    rule: 9,
    neighbour: '10.0.0.9',
  });
});

test('watchNet ends with an AbortError when its signal fires', async () => {
  using net = lab();
  const controller = new AbortController();
  const events = watchNet({ in: net.namespace, signal: controller.signal });
  const next = events.next();
  const reason = new Error('enough');
  controller.abort(reason);
  await expect(next).rejects.toMatchObject({
    name: 'AbortError',
    code: 'ABORT_ERR',
    cause: reason,
  });
  expect(await events.next()).toEqual({ value: undefined, done: true });
  const watchAborted = () => watchNet({ in: 'never-made', signal: controller.signal });
  expect(watchAborted).toThrow(expect.objectContaining({ name: 'AbortError', cause: reason }));
});

test('watchNet gives a resync event to a reader that was too slow', async () => {
  using net = lab();
  const events = watchNet({ in: net.namespace, groups: ['link'] });
  for (let i = 0; i < 3000; i++) net.rtnetlink.links.change('a0', { mtu: 1000 + (i % 2) });
  let resync = false;
  for await (const event of events) {
    if (event.event === 'resync') {
      resync = true;
      break;
    }
  }
  expect(resync).toBe(true);
});
