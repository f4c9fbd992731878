import { expect, test, vi } from 'vitest';
import { isNetlinkError } from '../netlink/error.js';
import { lab } from './lab.testing.js';

async function collect<T>(pieces: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const one of pieces) list.push(one);
  return list;
}

const changing = [
  'stats64',
  'bytes',
  'packets',
  'drops',
  'overlimits',
  'requeues',
  'qlen',
  'backlog',
];

/** Without what the packets of the kernel's own change meanwhile: counters, and neighbours' states. */
function settled(list: readonly unknown[]): unknown {
  const text = JSON.stringify(list, (key, value) => {
    if (changing.includes(key) || key === 'state') return undefined;
    return typeof value === 'bigint' ? String(value) : value;
  });
  return JSON.parse(text);
}

function codeOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return isNetlinkError(error) ? error.code : String(error);
  }
}

const tenNet = { dev: 'a0', parent: '1:', kind: 'u32', protocol: 'ip', pref: 5 } as const;
const match = [{ off: 16, val: 0x0a00_0000, mask: 0xff00_0000 }];

test('what is listed at once is the same as what comes in pieces', async () => {
  using net = lab();
  const { rtnetlink } = net;
  rtnetlink.rules.add({ src: '10.1.0.0/16', table: 7, priority: 100 });
  rtnetlink.nexthops.add({ id: 1, gateway: '10.0.0.2', dev: 'a0' });
  rtnetlink.neighbours.add({ dev: 'a0', dst: '10.0.0.9', lladdr: '02:00:00:00:00:09' });
  rtnetlink.qdiscs.add({ dev: 'a0', kind: 'htb', handle: '1:', options: { default: 1 } });
  rtnetlink.classes.add({
    dev: 'a0',
    kind: 'htb',
    parent: '1:',
    handle: '1:1',
    options: { rate: 1e6 },
  });
  rtnetlink.filters.add({ ...tenNet, options: { classid: '1:1', match } });
  const within = { dev: 'a0' };
  const filters = { dev: 'a0', parent: '1:' };
  const both: [() => AsyncIterable<unknown>, () => readonly unknown[]][] = [
    [() => rtnetlink.links.dump(), () => rtnetlink.links.list()],
    [() => rtnetlink.addresses.dump(), () => rtnetlink.addresses.list()],
    [() => rtnetlink.routes.dump(), () => rtnetlink.routes.list()],
    [() => rtnetlink.rules.dump(), () => rtnetlink.rules.list()],
    [() => rtnetlink.nexthops.dump(), () => rtnetlink.nexthops.list()],
    [() => rtnetlink.neighbours.dump(), () => rtnetlink.neighbours.list()],
    [() => rtnetlink.qdiscs.dump(within), () => rtnetlink.qdiscs.list(within)],
    [() => rtnetlink.classes.dump(within), () => rtnetlink.classes.list(within)],
    [() => rtnetlink.filters.dump(filters), () => rtnetlink.filters.list(filters)],
  ];
  for (const [dump, list] of both) {
    expect(list()).not.toHaveLength(0);
    // Again, if an address or its route has just got into use between the two.
    await vi.waitFor(async () => expect(settled(await collect(dump()))).toEqual(settled(list())));
  }
});

test('get returns one object of each family, or throws ENOENT', () => {
  using net = lab();
  const { rtnetlink } = net;
  expect(rtnetlink.addresses.get({ dev: 'a0', address: '10.0.0.1' })).toMatchObject({
    prefixlen: 24,
  });
  expect(codeOf(() => rtnetlink.addresses.get({ dev: 'a0', address: '10.0.0.1/25' }))).toBe(
    'EADDRNOTAVAIL',
  );
  expect(rtnetlink.addresses.get({ dev: 'lo', address: '0:0::1' }).local).toBe('::1');

  rtnetlink.qdiscs.add({ dev: 'a0', kind: 'htb', handle: '1:', options: { default: 1 } });
  expect(rtnetlink.qdiscs.get({ dev: 'a0' })).toMatchObject({ kind: 'htb', handle: '1:' });
  expect(codeOf(() => rtnetlink.qdiscs.get({ dev: 'a0', parent: '1:9' }))).toBe('ENOENT');

  const rate = { kind: 'htb', dev: 'a0', parent: '1:', handle: '1:1' } as const;
  rtnetlink.classes.replace({ ...rate, options: { rate: '1mbit' } });
  rtnetlink.classes.replace({ ...rate, options: { rate: '2mbit' } });
  expect(rtnetlink.classes.get({ dev: 'a0', handle: '1:1' })).toMatchObject({
    options: { rate: 2e6 / 8 },
  });
  expect(codeOf(() => rtnetlink.classes.get({ dev: 'a0', handle: '1:7' }))).toBe('ENOENT');

  rtnetlink.nexthops.add({ id: 1, gateway: '10.0.0.2', dev: 'a0' });
  rtnetlink.nexthops.change({ id: 1, gateway: '10.0.0.3', dev: 'a0' });
  expect(rtnetlink.nexthops.get(1).gateway).toBe('10.0.0.3');
  expect(codeOf(() => rtnetlink.nexthops.change({ id: 2, blackhole: true }))).toBe('ENOENT');
});

test('a filter is got and changed by all that tells it from others', () => {
  using net = lab();
  const { rtnetlink } = net;
  rtnetlink.qdiscs.add({ dev: 'a0', kind: 'htb', handle: '1:', options: { default: 1 } });
  rtnetlink.filters.add({ ...tenNet, options: { classid: '1:1', match } });
  const [there] = rtnetlink.filters
    .list({ dev: 'a0', parent: '1:' })
    .filter(({ options }) => options?.match !== undefined);
  const handle = String(there?.handle);
  expect(rtnetlink.filters.get({ ...tenNet, handle })).toEqual(there);
  rtnetlink.filters.change({ ...tenNet, handle, options: { classid: '1:2', match } });
  expect(rtnetlink.filters.get({ ...tenNet, handle }).options).toMatchObject({ classid: '1:2' });
  expect(codeOf(() => rtnetlink.filters.get({ ...tenNet, pref: 6, handle }))).toBe('ENOENT');
});

test('a link is made, or changed if it is there', () => {
  using net = lab();
  const { rtnetlink } = net;
  rtnetlink.links.replace({ kind: 'bridge', name: 'br0', forward_delay: 300 });
  rtnetlink.links.replace({ kind: 'bridge', name: 'br0', forward_delay: 400, mtu: 1400 });
  expect(rtnetlink.links.get('br0')).toMatchObject({
    mtu: 1400,
    linkinfo: { info_data: { forward_delay: 400 } },
  });
  expect(codeOf(() => rtnetlink.links.get('none'))).toBe('ENODEV');
  expect(() => rtnetlink.links.get('')).toThrow(TypeError);
});
