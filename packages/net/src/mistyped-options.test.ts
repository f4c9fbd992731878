// Every function and verb with options: a key that is not known, at any level, and a value of the wrong
// type are a TypeError that names them, before any system call.
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import * as all from './index.js';
import { samples, verbSamples } from './option-samples.testing.js';

type Path = readonly (string | number)[];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Yields the paths of all objects (`true`) and all other values (`false`) in options. */
function* walk(value: unknown, path: Path = []): Generator<readonly [Path, isLevel: boolean]> {
  if (isObject(value)) {
    yield [path, true];
    for (const [key, one] of Object.entries(value)) yield* walk(one, [...path, key]);
  } else if (Array.isArray(value)) {
    for (const [i, one] of value.entries()) yield* walk(one, [...path, i]);
  } else {
    yield [path, false];
  }
}

/** Returns a copy of a value in which the value at a path is replaced. */
function replaced(value: unknown, path: Path, change: (old: unknown) => unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return change(value);
  if (Array.isArray(value)) {
    return value.map((one, i) => (i === first ? replaced(one, rest, change) : one));
  }
  const record = value as Record<string, unknown>;
  return { ...record, [first]: replaced(record[first], rest, change) };
}

const nameOf = (root: string, path: Path) =>
  path.reduce<string>(
    (name, key) => name + (typeof key === 'number' ? `[${key}]` : `.${key}`),
    root,
  );

const places = [...samples, ...verbSamples].flatMap((sample) =>
  [...walk(sample.options)].map(([path, isLevel]) => ({
    ...sample,
    path,
    isLevel,
    at: nameOf(sample.name, path),
  })),
);

/** Functions and verbs, each with all places in its samples. */
const functions = [...new Set(places.map(({ where }) => where))].map((where) => {
  const all = places.filter((place) => place.where === where);
  const levels = all.filter(
    ({ isLevel, path, freeKeys = [] }) => isLevel && !freeKeys.includes(String(path.at(-1))),
  );
  return { where, levels, leaves: all.filter(({ isLevel }) => !isLevel) };
});

/** Keys of all samples: a level may know more keys than its sample has. */
const knownKeys = new Set(
  places.flatMap(({ path }) => path.filter((key) => typeof key === 'string')),
);

/** Calls a function and returns its error, thrown or rejected. */
async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return error;
  }
}

const word = fc
  .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 12 })
  .filter((key) => key !== '__proto__');

test('the samples have every export and every verb', () => {
  const exported = Object.keys(all).filter((name) => name !== 'default');
  const tried = new Set(samples.map(({ where }) => where));
  const withoutOptions = [
    ...['Addresses', 'Filters', 'Inside', 'Links', 'NatUplink', 'Neighbours', 'NetlinkError'],
    ...['Nexthops', 'NamespaceIds', 'Qdiscs', 'Routes', 'Rules', 'Topology', 'TrafficClasses'],
    ...['Transaction', 'Tun', 'UserUplink', 'Vlans', 'Wireguard'],
    ...['createWireguardKeys', 'createWireguardPresharedKey', 'wireguardPublicKey'],
    ...['isNetlinkError', 'isPair', 'listNetworks'],
  ];
  expect(exported.sort()).toEqual([...tried, ...withoutOptions].sort());
});

test('the samples have every verb of Rtnetlink', () => {
  const tried = new Set(verbSamples.map(({ where }) => where));
  const withoutOptions = [
    ...['links.get', 'links.up', 'links.down', 'links.move', 'links.remove', 'links.addNames'],
    ...['links.removeNames', 'nexthops.list', 'nexthops.dump', 'nexthops.get', 'nexthops.remove'],
    ...[
      'namespaceIds.list',
      'namespaceIds.get',
      'namespaceIds.assign',
      'wireguard.get',
      'wireguard.close',
    ],
  ];
  using rtnetlink = all.Rtnetlink.open();
  const verbs = Object.entries(rtnetlink).flatMap(([family, object]) => {
    const { prototype } = (object as object).constructor as { prototype: object };
    return Object.getOwnPropertyNames(prototype)
      .filter((name) => name !== 'constructor')
      .map((name) => `${family}.${name}`);
  });
  expect(verbs.sort()).toEqual([...tried, ...withoutOptions].sort());
});

test.each(functions)('$where accepts all members of its samples', async ({ levels }) => {
  for (const { path, options, call } of levels) {
    if (path.length > 0) continue;
    // The call fails later, if at all: its namespace does not exist, its sockets are closed.
    const error = await errorOf(() => call(options));
    expect(error instanceof TypeError ? error.message : undefined).toBeUndefined();
  }
});

test.each(functions)('$where refuses mistyped keys at every level', async ({ levels }) => {
  for (const { at, path, options, call } of levels) {
    const level = path.reduce<unknown>((value, key) => (value as never)[key], options);
    const mistakes = Object.keys(level as object).flatMap((key) => [
      `${key}x`,
      key.slice(1),
      key.toUpperCase(),
    ]);
    const mistyped = fc
      .oneof(word, fc.constantFrom('toString', ...mistakes))
      .filter((key) => key !== '' && !knownKeys.has(key));
    await fc.assert(
      fc.asyncProperty(mistyped, async (key) => {
        const wrong = replaced(options, path, (old) => ({ ...(old as object), [key]: 1 }));
        const error = await errorOf(() => call(wrong));
        expect(error).toBeInstanceOf(TypeError);
        expect((error as Error).message).toContain(`${at}.${key} is not known`);
      }),
      { numRuns: 10 },
    );
  }
});

test.each(functions)('$where names values of the wrong type', async ({ leaves }) => {
  for (const { at, path, options, call } of leaves) {
    const error = await errorOf(() => call(replaced(options, path, () => Symbol('wrong'))));
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message.slice(0, at.length)).toBe(at);
  }
});

test.each(functions)('$where refuses null as its options', async ({ levels }) => {
  for (const { call } of levels) expect(await errorOf(() => call(null))).toBeInstanceOf(TypeError);
});

test('functions do not read options from a polluted Object.prototype', () => {
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
  const state = () => {
    using rtnetlink = all.Rtnetlink.open();
    return [
      JSON.stringify(rtnetlink.routes.list()),
      JSON.stringify(rtnetlink.rules.list()),
      rtnetlink.links.list().map(({ ifname }) => ifname),
    ];
  };
  const before = state();
  for (const [key, value] of Object.entries(polluted)) {
    Object.defineProperty(Object.prototype, key, {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
  const clean = () => {
    for (const key of Object.keys(polluted)) Reflect.deleteProperty(Object.prototype, key);
  };
  onTestFinished(clean);
  try {
    expect(all.net()).toMatchObject({ type: 'net' });
    expect(all.net({ uplink: { tool: 'pasta' } })).toMatchObject({ type: 'net' });
    expect(all.listSockets()).toBeInstanceOf(Array);
    expect(all.readSysctl('net.core.somaxconn')).toMatch(/^\d+$/);
    using rtnetlink = all.Rtnetlink.open();
    expect(() => rtnetlink.rules.remove({})).toThrow(/^rule must be more than a family/);
    expect(state()).toEqual(before);
  } finally {
    clean();
  }
});

test('named.exec refuses the option namespaces', async () => {
  const options = { namespaces: [] } as never;
  await expect(all.named.exec('never-made', 'true', [], options)).rejects.toThrow(TypeError);
  expect(() => all.named.execSync('never-made', 'true', [], options)).toThrow(TypeError);
});

test('openInside and createNatUplink refuse undefined as their namespace', () => {
  const nothing = undefined as never;
  expect(() => all.openInside(nothing)).toThrow(/^target must be/);
  expect(() => all.createNatUplink(nothing)).toThrow(/^target must be/);
});
