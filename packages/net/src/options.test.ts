// Every function and verb of this package: options that are not known are refused, and only those of
// the caller's own object are read.
import { expect, onTestFinished, test } from 'vitest';
import * as all from './index.js';

const own = process.pid;

/** A function that takes options, and what it calls them in its errors. */
type Taker = readonly [name: string, take: (options: never) => unknown];

const lab = (interfaces: object, more: object = {}) =>
  all.topology({ namespaces: { a: { interfaces, ...more } as never } });

/** Of each export that is a function or a class; null for those without options. */
const functions: Readonly<Record<string, readonly Taker[] | null>> = {
  Inside: null, // made by inside()
  NatUplink: null,
  NetWatch: null,
  NetlinkError: null,
  Topology: null,
  Transaction: null,
  Tun: null,
  UserUplink: null,
  ...Object.fromEntries(
    [
      ...['Addresses', 'Filters', 'Links', 'Neighbours', 'Nexthops', 'Nsids', 'Qdiscs', 'Routes'],
      ...['Rules', 'TrafficClasses', 'Vlans', 'Wireguard'], // see verbs
    ].map((name) => [name, null]),
  ),
  isNetlinkError: null,
  isPair: null,
  networkMap: null,
  wireguardKeys: null,
  wireguardPresharedKey: null,
  wireguardPublicKey: null,
  Route: [['options', (options) => all.Route.open(options)]],
  createNamespace: [['options', all.createNamespace]],
  getSysctl: [['options', (options) => all.getSysctl('net.core.somaxconn', options)]],
  inside: [['options', (options) => all.inside(own, options)]],
  named: [['options', (options) => all.named.create('never-made', options)]],
  natUplink: [
    ['uplink', (options) => all.natUplink(own, options)],
    ['forward[0]', (one) => all.natUplink(own, { forward: [Object.assign(one, { host: 1 })] })],
  ],
  net: [
    ['net', (options) => all.net(options)],
    ['uplink', (uplink) => all.net({ uplink })],
    ['uplink', (uplink: object) => all.net({ uplink: { nat: true, ...uplink } })],
  ],
  openTun: [['options', all.openTun]],
  setSysctl: [['options', (options) => all.setSysctl('net.core.somaxconn', 1, options)]],
  sockets: [['options', all.sockets]],
  topology: [
    ['topology', (one: object) => all.topology({ namespaces: {}, ...one })],
    ['namespaces.a', (one) => lab({}, one)],
    ['namespaces.a.interfaces.br0', (one: object) => lab({ br0: { kind: 'bridge', ...one } })],
    ['namespaces.a.interfaces.lo', (lo) => lab({ lo })],
    ['namespaces.a.interfaces.lo.shape', (shape) => lab({ lo: { shape } })],
    ['namespaces.a.routes[0]', (one: object) => lab({}, { routes: [{ dst: 'default', ...one }] })],
  ],
  transaction: [
    ['description', (one) => withRoute((route) => all.transaction(route, one))],
    ['links[0]', (one: object) => change({ links: [{ kind: 'dummy', name: 'x', ...one }] })],
    ['routes[0]', (one: object) => change({ routes: [{ dst: 'default', ...one }] })],
  ],
  userUplink: [['uplink', (options) => all.userUplink(own, options)]],
  watch: [['options', all.watch]],
};

function withRoute<Result>(use: (route: all.Route) => Result): Result {
  using route = all.Route.open();
  return use(route);
}

const change = (description: object) => withRoute((route) => all.transaction(route, description));

const dev = 'lo';
const LIST = (name: string): Taker => ['filter', (filter) => verb(name, 'list', filter)];
const DUMP = (name: string): Taker => ['filter', (filter) => verb(name, 'dump', filter)];

function verb(family: string, name: string, ...args: unknown[]): unknown {
  return withRoute((route) => {
    const verbs = route[family as keyof all.Route] as unknown as Record<string, () => unknown>;
    const result = (verbs[name] as (...given: unknown[]) => unknown)(...args);
    // A dump begins with its first step.
    return typeof result === 'object' && result !== null && 'next' in result
      ? (result as AsyncGenerator).next()
      : result;
  });
}

const takes = (family: string, name: string, called: string, needed: object = {}): Taker => [
  called,
  (options: object) => verb(family, name, { ...needed, ...options }),
];

const same = (family: string, names: readonly string[], called: string, needed: object) =>
  Object.fromEntries(names.map((name) => [name, [takes(family, name, called, needed)]]));

/** Of each verb of a Route; null for those without options. */
const verbs: Readonly<Record<string, Readonly<Record<string, readonly Taker[] | null>>>> = {
  link: {
    list: [LIST('link')],
    dump: [DUMP('link')],
    ...same('link', ['add', 'replace'], 'link', { kind: 'dummy' }),
    change: [
      ['link', (options) => verb('link', 'change', dev, options)],
      ['link', (options: object) => verb('link', 'change', dev, { kind: 'bridge', ...options })],
    ],
    changePort: [['port', (options) => verb('link', 'changePort', dev, options)]],
    shape: [['shape', (options) => verb('link', 'shape', dev, options)]],
    ...Object.fromEntries(
      ['get', 'up', 'down', 'move', 'delete', 'addNames', 'deleteNames'].map((name) => [
        name,
        null,
      ]),
    ),
  },
  address: {
    list: [LIST('address')],
    dump: [DUMP('address')],
    ...same('address', ['add', 'replace', 'change', 'get', 'delete'], 'address', {
      dev,
      address: '192.0.2.1/32',
    }),
  },
  route: {
    list: [LIST('route')],
    dump: [DUMP('route')],
    ...same('route', ['add', 'replace', 'change', 'delete'], 'route', { dst: '192.0.2.0/24' }),
    get: [['options', (options) => verb('route', 'get', '127.0.0.1', options)]],
    addAll: [
      ['routes[0]', (one: object) => verb('route', 'addAll', [{ dst: '192.0.2.0/24', ...one }])],
      ['nexthops[0]', (one) => verb('route', 'addAll', [{ dst: '192.0.2.0/24', nexthops: [one] }])],
    ],
  },
  rule: {
    list: [LIST('rule')],
    dump: [DUMP('rule')],
    ...same('rule', ['add', 'delete'], 'rule', { table: 100 }),
  },
  neighbour: {
    list: [LIST('neighbour')],
    dump: [DUMP('neighbour')],
    ...same('neighbour', ['add', 'replace', 'change', 'get', 'delete'], 'neighbour', {
      dev,
      dst: '192.0.2.1',
    }),
  },
  nexthop: {
    list: null,
    dump: null,
    get: null,
    delete: null,
    ...same('nexthop', ['add', 'replace', 'change'], 'nexthop', { id: 1 }),
  },
  nsid: { list: null, get: null, assign: null },
  vlan: {
    list: [LIST('vlan')],
    ...same('vlan', ['add', 'delete'], 'vlan', { dev, vlan: 1 }),
  },
  qdisc: {
    list: [LIST('qdisc')],
    dump: [DUMP('qdisc')],
    ...same('qdisc', ['get', 'add', 'replace', 'change', 'delete'], 'qdisc', { dev }),
  },
  class: {
    list: [LIST('class')],
    dump: [DUMP('class')],
    ...same('class', ['get', 'add', 'replace', 'change', 'delete'], 'class', {
      dev,
      handle: '1:1',
    }),
  },
  filter: {
    list: [LIST('filter')],
    dump: [DUMP('filter')],
    ...same('filter', ['get', 'add', 'replace', 'change', 'delete'], 'filter', { dev }),
  },
  wireguard: {
    get: null,
    close: null,
    set: [
      ['change', (options) => verb('wireguard', 'set', dev, options)],
      ['peers[0]', (one) => verb('wireguard', 'set', dev, { peers: [one] })],
    ],
  },
};

/** Settings below those. */
const nested: readonly Taker[] = [
  ['link.peer', (peer) => verb('link', 'add', { kind: 'veth', peer })],
  ['group[0]', (one) => verb('nexthop', 'add', { id: 1, group: [one] })],
  ['sport', (sport) => verb('rule', 'add', { table: 100, sport })],
  ...(['tbf', 'htb', 'netem'] as const).map(
    (kind): Taker => ['options', (options) => verb('qdisc', 'add', { dev, kind, options })],
  ),
  ['options', (options) => verb('class', 'add', { dev, handle: '1:1', kind: 'htb', options })],
  ...(['police', 'mirred', 'gact'] as const).map(
    (kind): Taker => [
      'options.actions[0].options',
      (options) =>
        verb('filter', 'add', { dev, kind: 'matchall', options: { actions: [{ kind, options }] } }),
    ],
  ),
  [
    'options.match[0]',
    (one) => verb('filter', 'add', { dev, kind: 'u32', options: { match: [one] } }),
  ],
];

test('every export and every verb is among those that are tried', () => {
  const exported = Object.entries(all).filter(([name]) => name !== 'default');
  expect(exported.map(([name]) => name).sort()).toEqual(Object.keys(functions).sort());
  withRoute((route) => {
    const families = Object.keys(route);
    expect(families.sort()).toEqual(Object.keys(verbs).sort());
    for (const family of families) {
      const { prototype } = (route[family as keyof all.Route] as object).constructor as {
        prototype: object;
      };
      const names = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');
      expect([family, names.sort()]).toEqual([family, Object.keys(verbs[family] ?? {}).sort()]);
    }
  });
});

const takers = [
  ...Object.entries(functions).flatMap(([where, list]) => (list ?? []).map((one) => [where, one])),
  ...Object.entries(verbs).flatMap(([family, names]) =>
    Object.entries(names).flatMap(([name, list]) =>
      (list ?? []).map((one) => [`route.${family}.${name}`, one]),
    ),
  ),
  ...nested.map((one) => ['nested settings', one]),
] as [string, Taker][];

const cases = takers.map(([where, [name, take]], i) => ({ i, where, name, take }));

test.each(cases)(
  '$where refuses an option that it does not know: $name ($i)',
  async ({ name, take }) => {
    const attempt = async () => take({ ni: 1 } as never);
    await expect(attempt()).rejects.toThrow(`${name} has no option ni`);
  },
);

test('options of a polluted Object.prototype are not read', () => {
  const polluted = {
    in: -1,
    uplink: 'pasta',
    forward: [{ host: 0 }],
    loopback: 'no',
    kind: 7,
    index: 7,
    table: 'none',
    family: 'none',
    dev: '',
    unknown: [{ type: 1, data: Buffer.from('x') }],
  };
  const before = withRoute((route) => [
    JSON.stringify(route.route.list()),
    JSON.stringify(route.rule.list()),
    route.link.list().map(({ ifname }) => ifname),
  ]);
  for (const [key, value] of Object.entries(polluted)) {
    Object.defineProperty(Object.prototype, key, {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
  onTestFinished(() => {
    for (const key of Object.keys(polluted)) Reflect.deleteProperty(Object.prototype, key);
  });
  try {
    expect(all.net()).toMatchObject({ type: 'net' });
    expect(all.net({ uplink: { tool: 'pasta' } })).toMatchObject({ type: 'net' });
    expect(all.sockets()).toBeInstanceOf(Array);
    expect(all.getSysctl('net.core.somaxconn')).toMatch(/^\d+$/);
    const after = withRoute((route) => {
      expect(() => route.rule.delete({})).toThrow(/^rule must say which/);
      return [
        JSON.stringify(route.route.list()),
        JSON.stringify(route.rule.list()),
        route.link.list().map(({ ifname }) => ifname),
      ];
    });
    expect(after).toEqual(before);
  } finally {
    for (const key of Object.keys(polluted)) Reflect.deleteProperty(Object.prototype, key);
  }
});

test('named.exec refuses namespaces, which would be others than that of the name', async () => {
  const options = { namespaces: [] } as never;
  await expect(all.named.exec('never-made', 'true', [], options)).rejects.toThrow(TypeError);
  expect(() => all.named.execSync('never-made', 'true', [], options)).toThrow(TypeError);
});

test('a namespace that is not given is not the own one', () => {
  const nothing = undefined as never;
  expect(() => all.inside(nothing)).toThrow(/^namespace must be/);
  expect(() => all.natUplink(nothing)).toThrow(/^namespace must be/);
});
