// For tests: each function and verb with options, and options that have all their members. None of the
// calls reaches the kernel: the namespaces do not exist, and the sockets of the Rtnetlink are closed.
import * as all from './index.js';

/** A function with a sample of its options. */
export interface Sample {
  /** The function or verb. */
  readonly where: string;
  /** The name of its options in errors. */
  readonly name: string;
  readonly options: object;
  /** Objects whose keys are the caller's choice. */
  readonly freeKeys?: readonly string[];
  call(options: unknown): unknown;
}

const nowhere = 'never-made';
const dev = 'lo';
const unknown = [{ type: 99, data: Uint8Array.of(1) }];
const forward = [{ protocol: 'udp', host: 8080, inside: 80 }];
const publicKey = Buffer.alloc(32, 1).toString('base64');

function closedRtnetlink(): all.Rtnetlink {
  const rtnetlink = all.Rtnetlink.open();
  rtnetlink.close();
  return rtnetlink;
}

const route = {
  dst: '192.0.2.0/24',
  family: 'inet',
  src: '192.0.2.9/32',
  tos: 4,
  type: 'unicast',
  gateway: '192.0.2.1',
  via: '2001:db8::1',
  dev,
  table: 'main',
  protocol: 'boot',
  scope: 'global',
  prefsrc: '192.0.2.2',
  metric: 5,
  pref: 'low',
  metrics: { mtu: 1400, congctl: 'cubic' },
  nexthops: [{ gateway: '192.0.2.1', via: '192.0.2.1', dev, weight: 2, onlink: true, flags: 4 }],
  nhid: 7,
  onlink: true,
  flags: ['onlink'],
  unknown,
};

const link = {
  name: 'x0',
  up: true,
  mtu: 1400,
  address: '02:00:00:00:00:01',
  broadcast: 'ff:ff:ff:ff:ff:ff',
  txqlen: 9,
  alias: 'a link',
  group: 1,
  master: 'br0',
  promisc: true,
  allmulticast: true,
  arp: false,
  namespace: nowhere,
};
const peer = {
  name: 'x1',
  mtu: 1400,
  address: '02:00:00:00:00:02',
  txqlen: 9,
  group: 1,
  namespace: nowhere,
};
const kinds = {
  dummy: {},
  bridge: { stp_state: 1, vlan_filtering: true, vlan_protocol: '802.1Q' },
  veth: { peer },
  vlan: { link: dev, id: 5 },
  macvlan: { link: dev, mode: 'bridge' },
  vxlan: { dev, id: 5, remote: '192.0.2.1', port_range: { low: 1, high: 2 } },
};
const links = Object.entries(kinds).map(([kind, settings]) => ({ kind, ...link, ...settings }));

const shape = {
  delay: '50ms',
  jitter: 5,
  loss: 0.1,
  duplicate: 0.1,
  reorder: 0.1,
  corrupt: 0.1,
  rate: '10mbit',
  limit: 100,
};

const nat = {
  host: nowhere,
  name: 'eth0',
  forward,
  bridge: 'br9',
  network: '10.9.0.0/16',
  hostAccess: true,
};
const user = { tool: 'pasta', forward, reverse: forward, args: ['--debug'] };
/** Larger than any pid that the kernel gives out. */
const noProcess = 2 ** 22;

/** The functions of the package. */
export const samples: readonly Sample[] = [
  {
    where: 'Rtnetlink',
    name: 'options',
    options: { in: nowhere },
    call: (options) => all.Rtnetlink.open(options as never),
  },
  {
    where: 'createNatUplink',
    name: 'options',
    options: nat,
    call: (options) => all.createNatUplink(nowhere, options as never),
  },
  {
    where: 'createUserUplink',
    name: 'options',
    options: user,
    call: (options) => all.createUserUplink(noProcess, options as never),
  },
  {
    where: 'listSockets',
    name: 'options',
    options: { in: nowhere, kinds: ['tcp', 'unix'] },
    call: (options) => all.listSockets(options as never),
  },
  {
    where: 'named',
    name: 'options',
    options: { loopback: false },
    // An empty name would be refused first, a real one created.
    call: (options) =>
      options !== null && isSample(options)
        ? undefined
        : all.named.create(nowhere, options as never),
  },
  {
    where: 'net',
    name: 'net',
    options: { loopback: true, uplink: user },
    call: (options) => all.net(options as never),
  },
  {
    where: 'net',
    name: 'net',
    options: { uplink: { ...nat, nat: true } },
    call: (options) => all.net(options as never),
  },
  {
    where: 'openInside',
    name: 'options',
    options: { nameservers: ['192.0.2.1', 'fe80::1%2'] },
    call: (options) => all.openInside(nowhere, options as never),
  },
  {
    where: 'openTun',
    name: 'options',
    options: { in: nowhere, mode: 'tap', name: 'tap%d' },
    call: (options) => all.openTun(options as never),
  },
  {
    where: 'planTopology',
    name: 'topology',
    freeKeys: ['namespaces', 'interfaces', 'sysctls'],
    options: {
      namespaces: {
        a: {
          interfaces: {
            lo: { addresses: ['192.0.2.9/32'], shape },
            eth0: { addresses: ['192.0.2.1/24'], up: false, mtu: 1400, shape },
            br0: { kind: 'bridge', vlan_filtering: true, master: null },
          },
          routes: [route],
          sysctls: { 'net.ipv4.ip_forward': 1 },
        },
        b: {},
      },
      cables: [['a:eth0', 'b:eth0']],
    },
    call: (options) => all.planTopology(options as never),
  },
  {
    where: 'planTransaction',
    name: 'description',
    options: {
      links: links.map((one) => ({ ...one, addresses: ['192.0.2.1/24'] })),
      routes: [route],
      exact: true,
    },
    call: (options) => all.planTransaction(closedRtnetlink(), options as never),
  },
  {
    where: 'readSysctl',
    name: 'options',
    options: { in: nowhere },
    call: (options) => all.readSysctl('net.core.somaxconn', options as never),
  },
  {
    where: 'writeSysctl',
    name: 'options',
    options: { in: nowhere },
    call: (options) => all.writeSysctl('net.core.somaxconn', 1, options as never),
  },
  {
    where: 'watchNet',
    name: 'options',
    options: {
      in: nowhere,
      groups: ['link', 'rule'],
      all: true,
      signal: new AbortController().signal,
    },
    call: (options) => all.watchNet(options as never),
  },
];

function isSample(options: unknown): boolean {
  return JSON.stringify(options) === '{"loopback":false}';
}

/** Calls a verb of an Rtnetlink whose sockets are closed. */
function verb(family: string, name: string, ...args: unknown[]): unknown {
  const verbs = closedRtnetlink()[family as keyof all.Rtnetlink] as unknown as Record<
    string,
    (...args: unknown[]) => unknown
  >;
  const result = verbs[name]?.(...args);
  // A dump begins with its first step.
  return typeof result === 'object' && result !== null && 'next' in result
    ? (result as AsyncGenerator).next()
    : result;
}

const verbsOf = (
  family: string,
  names: readonly string[],
  name: string,
  options: object,
  ...before: unknown[]
): Sample[] =>
  names.map((one) => ({
    where: `${family}.${one}`,
    name,
    options,
    call: (given) => verb(family, one, ...before, given),
  }));

const listings = ['list', 'dump'];
const write = ['add', 'replace', 'change'];

const rule = {
  family: 'inet',
  priority: 9,
  action: 'lookup',
  table: 100,
  goto: 5,
  src: '192.0.2.0/24',
  dst: '192.0.2.0/24',
  not: true,
  iif: dev,
  oif: dev,
  fwmark: 1,
  fwmask: 1,
  tos: 4,
  ipproto: 6,
  sport: { start: 1, end: 2 },
  dport: { start: 1, end: 2 },
  uidrange: { start: 1, end: 2 },
  l3mdev: false,
  suppress_prefixlength: 0,
  protocol: 'static',
  unknown,
};

const place = { dev, handle: '1:1', parent: '1:' };
const qdiscs = {
  tbf: { rate: '1mbit', burst: '32kb', latency: '50ms', limit: '64kb' },
  htb: { default: 1, r2q: 10 },
  fq_codel: { target: 5000, ecn: 1 },
  netem: {
    ...shape,
    delayCorrelation: 0.1,
    lossCorrelation: 0.1,
    duplicateCorrelation: 0.1,
    reorderCorrelation: 0.1,
    gap: 2,
    corruptCorrelation: 0.1,
  },
};
const htbClass = {
  rate: '1mbit',
  ceil: '2mbit',
  burst: '32kb',
  cburst: '32kb',
  prio: 1,
  quantum: 2000,
};
const actions = [
  {
    kind: 'police',
    options: { rate: '1mbit', burst: '10kb', exceed: 'drop', conform: 'pass', mtu: 2047 },
  },
  { kind: 'mirred', options: { to: 'egress mirror', ifindex: 1 } },
  { kind: 'gact', options: { control: 'drop' } },
];
const filters = {
  matchall: { classid: '1:1', actions },
  flower: { dst_ip: '192.0.2.1', eth_type: 0x800, actions },
  u32: { match: [{ mask: 255, val: 1, off: 0, offmask: 0 }], actions },
};
const filterPlace = { ...place, pref: 1, protocol: 'ip', chain: 0 };
const change = {
  privateKey: publicKey,
  listenPort: 1,
  fwmark: 1,
  peers: [
    {
      publicKey,
      presharedKey: publicKey,
      endpoint: '192.0.2.1:1',
      allowedIps: ['192.0.2.0/24'],
      persistentKeepalive: 1,
      remove: false,
      updateOnly: true,
    },
  ],
  replacePeers: true,
};

/** The verbs of an Rtnetlink. */
export const verbSamples: readonly Sample[] = [
  ...verbsOf('links', listings, 'filter', { kind: 'veth', master: 'br0' }),
  ...links.flatMap((one) => [
    ...verbsOf('links', ['add', 'replace'], 'link', one),
    ...verbsOf('links', ['change'], 'link', one, dev),
  ]),
  ...verbsOf('links', ['change'], 'link', link, dev),
  ...verbsOf('links', ['changePort'], 'port', { cost: 9, hairpin: true, state: 'forwarding' }, dev),
  ...verbsOf('links', ['shape'], 'shape', shape, dev).map(
    (sample): Sample => ({
      ...sample,
      // null is a shape that is allowed.
      call: (options) => verb('links', 'shape', dev, options ?? 0),
    }),
  ),
  ...verbsOf('addresses', listings, 'filter', { dev, family: 'inet' }),
  ...verbsOf('addresses', write, 'address', {
    dev,
    address: '192.0.2.1/24',
    peer: '192.0.2.2/32',
    broadcast: '192.0.2.255',
    scope: 'host',
    label: 'lo:1',
    metric: 5,
    validLifetime: 60,
    preferredLifetime: 60,
    flags: ['nodad'],
  }),
  ...verbsOf('addresses', ['get', 'remove'], 'address', { dev, address: '192.0.2.1/24' }),
  ...verbsOf('routes', listings, 'filter', {
    family: 'inet',
    table: 'main',
    dev,
    protocol: 'boot',
    type: 'unicast',
  }),
  ...verbsOf('routes', [...write, 'remove'], 'route', route),
  ...verbsOf(
    'routes',
    ['get'],
    'options',
    { from: '192.0.2.1', oif: dev, iif: dev, mark: 1 },
    '192.0.2.9',
  ),
  {
    where: 'routes.addAll',
    name: 'routes[0]',
    options: route,
    call: (one) => verb('routes', 'addAll', [one]),
  },
  ...verbsOf('rules', listings, 'filter', { family: 'inet' }),
  ...verbsOf('rules', ['add', 'remove'], 'rule', rule),
  ...verbsOf('neighbours', listings, 'filter', { dev, family: 'bridge' }),
  ...verbsOf('neighbours', [...write, 'remove'], 'neighbour', {
    dev,
    dst: '192.0.2.1',
    lladdr: '02:00:00:00:00:01',
    state: 'PERMANENT',
    flags: ['proxy'],
    vlan: 1,
    family: 'inet',
  }),
  ...verbsOf('neighbours', ['get'], 'neighbour', { dev, dst: '192.0.2.1' }),
  ...verbsOf('nexthops', write, 'nexthop', {
    id: 1,
    family: 'inet',
    gateway: '192.0.2.1',
    dev,
    group: [{ id: 1, weight: 2 }],
    blackhole: false,
    onlink: true,
    protocol: 'static',
  }),
  ...verbsOf('vlans', ['list'], 'filter', { dev }),
  ...verbsOf('vlans', ['add'], 'vlan', {
    dev,
    vlan: 1,
    vlanEnd: 2,
    pvid: false,
    untagged: true,
    self: true,
  }),
  ...verbsOf('vlans', ['remove'], 'vlan', { dev, vlan: 1, vlanEnd: 2, self: true }),
  ...verbsOf('qdiscs', listings, 'filter', { dev }),
  ...Object.entries(qdiscs).flatMap(([kind, options]) =>
    verbsOf('qdiscs', [...write, 'get', 'remove'], 'qdisc', { ...place, kind, options }),
  ),
  ...verbsOf('qdiscs', ['add'], 'qdisc', { dev, kind: 'clsact' }),
  ...verbsOf('classes', listings, 'filter', { dev }),
  ...verbsOf('classes', write, 'class', { ...place, kind: 'htb', options: htbClass }),
  ...verbsOf('classes', ['get', 'remove'], 'class', place),
  ...verbsOf('filters', listings, 'filter', { dev, parent: 'ingress' }),
  ...Object.entries(filters).flatMap(([kind, options]) =>
    verbsOf('filters', write, 'filter', { ...filterPlace, kind, options }),
  ),
  ...verbsOf('filters', ['get', 'remove'], 'filter', { ...filterPlace, kind: 'matchall' }),
  ...verbsOf('wireguard', ['change'], 'change', change, dev),
];
