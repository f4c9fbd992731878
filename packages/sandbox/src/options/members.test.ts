// One description of the options: schema, type, parser and documentation agree.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, expectTypeOf, test } from 'vitest';
import { members, parseSandboxOptions } from './members.js';
import { schema } from './schema.js';
import type { Schema } from './schema-type.js';
import type { SandboxLimits, SandboxOptions } from './types.js';

/** Options whose values JSON cannot have. */
const notJson = ['onProgress'];
const names = Object.keys(members).sort();

test('schema has every option that is JSON', () => {
  expect([...Object.keys(schema.properties ?? {}), ...notJson].sort()).toEqual(names);
});

test('schema is plain JSON and describes every option', () => {
  const { properties = {} } = JSON.parse(JSON.stringify(schema)) as Schema;
  expect(Object.keys(properties).filter((name) => !properties[name]?.description)).toEqual([]);
});

test('the options that are parsed are those of the type', () => {
  // Compared by the compiler.
  expectTypeOf<keyof typeof members>().toEqualTypeOf<keyof SandboxOptions>();
  type Settings = ReturnType<typeof parseSandboxOptions>;
  expectTypeOf<keyof Settings['limits']>().toEqualTypeOf<keyof SandboxLimits>();
});

test('schema has the members of a network, of limits and of a user', () => {
  const memberNames = ({ properties, anyOf = [] }: Schema): string[] =>
    properties ? Object.keys(properties) : anyOf.flatMap(memberNames);
  const of = (name: string) => memberNames(schema.properties?.[name] ?? {}).sort();
  expect(of('network')).toEqual(['dns', 'forward', 'hostAccess', 'uplink']);
  expect(of('limits')).toEqual(['cpuTime', 'cpus', 'fileSize', 'files', 'memory', 'pids']);
  expect(of('user')).toEqual(['gid', 'map', 'uid']);
});

test('the README has a row for every option', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const table = readme.slice(readme.indexOf('| option | default | |'));
  const rows = table.slice(0, table.indexOf('\n\n')).split('\n').slice(2);
  const documented = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name),
  );
  expect(documented.sort()).toEqual(names);
});

/** Returns true for a value that a schema accepts. */
function accepts(one: Schema, value: unknown): boolean {
  if (one.anyOf && !one.anyOf.some((choice) => accepts(choice, value))) return false;
  const isOfType: Readonly<Record<string, boolean>> = {
    object: typeof value === 'object' && value !== null && !Array.isArray(value),
    array: Array.isArray(value),
    string: typeof value === 'string',
    number: typeof value === 'number',
    integer: Number.isInteger(value),
    boolean: typeof value === 'boolean',
  };
  if (one.type && !isOfType[one.type]) return false;
  if (one.enum && !one.enum.includes(value as string)) return false;
  if (typeof value === 'number') {
    return (one.minimum ?? value) <= value && value <= (one.maximum ?? value);
  }
  if (typeof value === 'string') {
    const { minLength = 0, maxLength = value.length, pattern = '' } = one;
    return (
      value.length >= minLength && value.length <= maxLength && new RegExp(pattern).test(value)
    );
  }
  if (Array.isArray(value)) {
    const { items = {}, minItems = 0 } = one;
    return value.length >= minItems && value.every((item) => accepts(items, item));
  }
  if (typeof value !== 'object' || value === null) return true;
  const { properties = {}, required = [], propertyNames = {}, additionalProperties = true } = one;
  return (
    required.every((key) => Object.hasOwn(value, key)) &&
    Object.entries(value).every(([key, item]) => {
      if (!accepts(propertyNames, key)) return false;
      if (Object.hasOwn(properties, key)) return accepts(properties[key] ?? {}, item);
      return typeof additionalProperties === 'object'
        ? accepts(additionalProperties, item)
        : additionalProperties;
    })
  );
}

/** Values that are near to right ones. */
const near = fc.oneof(
  fc.constantFrom<unknown>(
    ...['host', 'empty', 'none', 'private', 'auto', '64M', '1.5GiB', '0', '0M', '10s', '/a', '//.'],
    ...[{}, [], true, 0, 1, -1, 0.5, 2 ** 31, ['/a', '/b/../c'], ['time'], ['time', 'user'], [1]],
    ...[
      { directory: '/a' },
      { directory: 'a' },
      { tar: '/a', oci: '/b' },
      { tar: '/a', maxSize: '1M' },
    ],
    ...[{ directory: '/', overlay: { discard: '0' } }, { oci: '/a', reference: '' }, { uid: 0 }],
    ...[
      { map: { uid: [] } },
      { map: { uid: [{ inside: 0, outside: 0 }] } },
      { A: '1' },
      { 'A=B': 'x' },
    ],
    ...[{ '../x': 'a' }, { memory: '1X' }, { memory: 2 ** 60 }, { pids: 0 }, { cpuTime: '1m' }],
    ...[{ uplink: 'nat', hostAccess: true }, { dns: ['1.2.3.4'] }, { forward: [{ host: 80 }] }],
    ...[{ forward: [{ inside: 80 }] }, { monotonic: '-5s' }, { boottime: 5 }, ['cap_chown'], 'all'],
  ),
  fc.jsonValue(),
);

test('the parser accepts no value that the schema refuses, and names the option in errors', () => {
  fc.assert(
    fc.property(fc.constantFrom(...names), near, (name, value) => {
      try {
        parseSandboxOptions({ [name]: value });
      } catch (error) {
        expect(error).toSatisfy((e) => e instanceof TypeError || e instanceof RangeError);
        expect((error as Error).message).toMatch(new RegExp(`^(a name in )?options\\.${name}`));
        return;
      }
      expect(accepts(schema.properties?.[name] ?? {}, value)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('parseSandboxOptions fills in defaults and returns sizes in bytes, durations as numbers', () => {
  expect(parseSandboxOptions({})).toMatchObject({
    root: 'host',
    tmp: 64 * 1024 ** 2,
    workdir: '/',
    hostname: 'sandbox',
    capabilities: [],
    network: 'none',
    cgroup: 'auto',
    env: {},
    optional: [],
  });
  expect(
    parseSandboxOptions({ timeout: '2s', limits: { memory: '1K', cpuTime: '1500ms' } }),
  ).toMatchObject({ timeout: 2000, limits: { memory: 1024, cpuTime: 2 } });
});

test('parseSandboxOptions refuses unknown options at every level with a suggestion', () => {
  const refused: [unknown, string][] = [
    [{ netwerk: 'none' }, 'options.netwerk is not known (did you mean network?)'],
    [{ limits: { memroy: 1 } }, 'options.limits.memroy is not known (did you mean memory?)'],
    [{ root: { directory: '/', writeable: true } }, 'options.root.writeable is not known'],
    [{ network: { upllink: 'nat' } }, 'options.network.upllink is not known'],
    [{ network: { forward: [{ host: 1, insde: 2 }] } }, 'options.network.forward[0].insde is not'],
    [{ user: { uuid: 1 } }, 'options.user.uuid is not known'],
    [{ time: { bootime: 1 } }, 'options.time.bootime is not known (did you mean boottime?)'],
  ];
  for (const [options, message] of refused) {
    expect(() => parseSandboxOptions(options), message).toThrow(message);
  }
});

test('parseSandboxOptions refuses hostAccess for an uplink other than nat', () => {
  expect(() => parseSandboxOptions({ network: { hostAccess: true } })).toThrow(
    "options.network.hostAccess needs options.network.uplink 'nat'",
  );
});
