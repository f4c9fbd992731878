import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { isNetlinkError } from '../netlink/error.js';
import { lab as pair } from '../rtnetlink/lab.testing.js';

function lab() {
  const net = pair();
  const text = (...args: string[]) =>
    net.namespace.enter(() => execFileSync('tc', args, { encoding: 'utf8' }));
  return { ...net, text, tc: (...args: string[]) => JSON.parse(text('-j', ...args)) };
}

test('a token bucket is as tc(8) shows it', () => {
  using net = lab();
  net.rtnetlink.qdiscs.add({
    dev: 'a0',
    kind: 'tbf',
    handle: '1:',
    options: { rate: '8mbit', burst: '10kb', latency: '20ms' },
  });
  const [shown] = net.tc('qdisc', 'show', 'dev', 'a0');
  expect(shown).toMatchObject({
    kind: 'tbf',
    handle: '1:',
    root: true,
    options: { rate: 1_000_000, burst: 10240, lat: 20_000 },
  });
  const [item] = net.rtnetlink.qdiscs.list({ dev: 'a0' });
  expect(item).toMatchObject({
    kind: 'tbf',
    handle: '1:',
    parent: 'root',
    dev: 'a0',
    options: { rate: 1_000_000, burst: 10240, lat: 20_000 },
  });
  net.rtnetlink.qdiscs.change({
    dev: 'a0',
    kind: 'tbf',
    handle: '1:',
    options: { rate: '100gbit', burst: '10mb' },
  });
  expect(net.tc('qdisc', 'show', 'dev', 'a0')[0].options.rate).toBe(12_500_000_000);
  net.rtnetlink.qdiscs.remove({ dev: 'a0' });
  expect(net.tc('qdisc', 'show', 'dev', 'a0')[0].kind).not.toBe('tbf');
});

test('classes of a hierarchy are as tc(8) shows them, and filters lead to them', () => {
  using net = lab();
  net.rtnetlink.qdiscs.add({ dev: 'a0', kind: 'htb', handle: '1:', options: { default: 0x20 } });
  net.rtnetlink.classes.add({
    dev: 'a0',
    parent: '1:',
    handle: '1:1',
    kind: 'htb',
    options: { rate: '10mbit' },
  });
  net.rtnetlink.classes.add({
    dev: 'a0',
    parent: '1:1',
    handle: '1:20',
    kind: 'htb',
    options: { rate: '1mbit', ceil: '10mbit', prio: 3 },
  });
  expect(net.tc('qdisc', 'show', 'dev', 'a0')[0]).toMatchObject({
    kind: 'htb',
    options: { default: '0x20' },
  });
  // tc(8) has no JSON for classes.
  const shown = net.text('class', 'show', 'dev', 'a0');
  expect(shown).toMatch(/class htb 1:20 parent 1:1 .*prio 3 .*rate 1Mbit ceil 10Mbit/);
  const listed = net.rtnetlink.classes.list({ dev: 'a0' });
  expect(listed.map(({ handle }) => handle).sort()).toEqual(['1:1', '1:20']);
  const one = listed.find(({ handle }) => handle === '1:20');
  expect(one).toMatchObject({
    parent: '1:1',
    options: { rate: 125_000, ceil: 1_250_000, prio: 3 },
  });
  net.rtnetlink.filters.add({
    dev: 'a0',
    parent: '1:',
    pref: 10,
    protocol: 'ip',
    kind: 'u32',
    options: { classid: '1:20', match: [{ off: 16, val: 0x0a000001, mask: 0xffffffff }] },
  });
  const filters = net.tc('filter', 'show', 'dev', 'a0');
  expect(filters.at(-1)).toMatchObject({
    protocol: 'ip',
    pref: 10,
    kind: 'u32',
    options: { flowid: '1:20', match: { value: 'a000001', mask: 'ffffffff', off: 16 } },
  });
  expect(net.rtnetlink.filters.list({ dev: 'a0', parent: '1:' }).at(-1)).toMatchObject({
    kind: 'u32',
    pref: 10,
    protocol: 'ip',
    options: { classid: '1:20', match: [{ off: 16, val: 0x0a000001, mask: 0xffffffff }] },
  });
  net.rtnetlink.filters.remove({ dev: 'a0', parent: '1:' });
  expect(net.rtnetlink.filters.list({ dev: 'a0', parent: '1:' })).toEqual([]);
});

/** Runs it, unless the kernel lacks what it needs; then says so. */
function unlessLacking(skip: (reason: string) => void, what: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!isNetlinkError(error, 'ENOENT') && !isNetlinkError(error, 'EOPNOTSUPP')) throw error;
    skip(`this kernel has no ${what}`);
  }
}

const everything = [{ off: 0, val: 0, mask: 0 }];

function actionsOf(list: readonly { options?: Readonly<Record<string, unknown>> }[]) {
  return list.flatMap(
    ({ options }) => (options?.actions ?? []) as { kind: string; options: object }[],
  );
}

test('packets that come in are sent elsewhere', () => {
  using net = lab();
  net.rtnetlink.links.add({ kind: 'ifb', name: 'ifb7', up: true });
  const ifindex = net.rtnetlink.links.get('ifb7').ifindex;
  net.rtnetlink.qdiscs.add({ dev: 'a0', kind: 'ingress' });
  const options = { to: 'egress redirect', ifindex } as const;
  net.rtnetlink.filters.add({
    dev: 'a0',
    parent: 'ffff:',
    kind: 'u32',
    options: { match: everything, actions: [{ kind: 'mirred', options }] },
  });
  const shown = net.tc('filter', 'show', 'dev', 'a0', 'parent', 'ffff:');
  expect(actionsOf(shown)).toMatchObject([
    { kind: 'mirred', mirred_action: 'redirect', direction: 'egress', to_dev: 'ifb7' },
  ]);
  expect(actionsOf(net.rtnetlink.filters.list({ dev: 'a0', parent: 'ffff:' }))).toMatchObject([
    { kind: 'mirred', options },
  ]);
  net.rtnetlink.qdiscs.remove({ dev: 'a0', kind: 'ingress' });
  expect(net.tc('qdisc', 'show', 'dev', 'a0').map((q: { kind: string }) => q.kind)).not.toContain(
    'ingress',
  );
});

test('packets that come in are policed', ({ skip }) => {
  using net = lab();
  net.rtnetlink.qdiscs.add({ dev: 'a0', kind: 'ingress' });
  const options = { rate: '1mbit', burst: '10kb' };
  unlessLacking(skip, 'police', () => {
    net.rtnetlink.filters.add({
      dev: 'a0',
      parent: 'ffff:',
      kind: 'u32',
      options: { match: everything, actions: [{ kind: 'police', options }] },
    });
  });
  const shown = net.tc('filter', 'show', 'dev', 'a0', 'parent', 'ffff:');
  expect(actionsOf(shown)).toMatchObject([{ kind: 'police', control_action: { type: 'drop' } }]);
  expect(actionsOf(net.rtnetlink.filters.list({ dev: 'a0', parent: 'ffff:' }))).toMatchObject([
    { kind: 'police', options: { rate: 125_000, burst: 10240, exceed: 'drop' } },
  ]);
});

test('filters by field are as tc(8) shows them', ({ skip }) => {
  using net = lab();
  net.rtnetlink.qdiscs.add({ dev: 'a0', kind: 'clsact' });
  unlessLacking(skip, 'flower or gact', () => {
    net.rtnetlink.filters.add({
      dev: 'a0',
      parent: 'egress',
      protocol: 'ip',
      pref: 5,
      kind: 'flower',
      options: {
        eth_type: 0x0800,
        ip_proto: 6,
        tcp_dst: 80,
        dst_ip: '10.0.0.0',
        dst_ip_mask: '255.255.255.0',
        actions: [{ kind: 'gact', options: { control: 'drop' } }],
      },
    });
  });
  expect(net.tc('filter', 'show', 'dev', 'a0', 'egress').at(-1)).toMatchObject({
    kind: 'flower',
    options: {
      keys: { eth_type: 'ipv4', ip_proto: 'tcp', dst_port: 80, dst_ip: '10.0.0.0/24' },
      actions: [{ kind: 'gact', control_action: { type: 'drop' } }],
    },
  });
});

test('every packet is matched', ({ skip }) => {
  using net = lab();
  net.rtnetlink.qdiscs.add({ dev: 'a0', kind: 'clsact' });
  unlessLacking(skip, 'matchall or gact', () => {
    net.rtnetlink.filters.add({
      dev: 'a0',
      parent: 'ingress',
      kind: 'matchall',
      options: { actions: [{ kind: 'gact', options: { control: 'drop' } }] },
    });
  });
  expect(net.tc('filter', 'show', 'dev', 'a0', 'ingress').at(-1)).toMatchObject({
    kind: 'matchall',
  });
});

test('fair queueing takes its settings', ({ skip }) => {
  using net = lab();
  unlessLacking(skip, 'fq_codel', () => {
    net.rtnetlink.qdiscs.add({ dev: 'a0', kind: 'fq_codel', options: { target: 6000, limit: 99 } });
  });
  expect(net.tc('qdisc', 'show', 'dev', 'a0')[0]).toMatchObject({
    kind: 'fq_codel',
    options: { limit: 99 },
  });
});

test('a link is shaped with one call', () => {
  using net = lab();
  net.rtnetlink.links.shape('a0', { rate: '10mbit' });
  expect(net.tc('qdisc', 'show', 'dev', 'a0')[0]).toMatchObject({
    kind: 'tbf',
    options: { rate: 1_250_000 },
  });
  net.rtnetlink.links.shape('a0', { rate: '20mbit' });
  expect(net.tc('qdisc', 'show', 'dev', 'a0')[0]).toMatchObject({
    kind: 'tbf',
    options: { rate: 2_500_000 },
  });
  net.rtnetlink.links.shape('a0', null);
  net.rtnetlink.links.shape('a0', null);
  expect(net.tc('qdisc', 'show', 'dev', 'a0')[0].kind).not.toBe('tbf');
  expect(() => net.rtnetlink.links.shape('a0', {})).toThrow(TypeError);
  expect(() => net.rtnetlink.links.shape('a0', { loss: 2 })).toThrow(RangeError);
});

test('a link delays, loses and reorders', ({ skip }) => {
  using net = lab();
  unlessLacking(skip, 'netem', () => {
    net.rtnetlink.links.shape('a0', { delay: '50ms', jitter: '5ms', loss: 0.25, rate: '10mbit' });
  });
  expect(net.tc('qdisc', 'show', 'dev', 'a0')[0]).toMatchObject({
    kind: 'netem',
    options: {
      delay: { delay: 0.05, jitter: 0.005 },
      'loss-random': { loss: 0.25 },
      rate: { rate: 1_250_000 },
    },
  });
});
