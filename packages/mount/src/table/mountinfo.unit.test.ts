import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type MountInfo, parseMountinfo, propagationOf } from './mountinfo.js';

/** As the kernel writes a field: seq_path and mangle escape these. */
function escaped(text: string): string {
  return text.replace(
    /[ \t\n\\#]/g,
    (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
}

function written(mount: MountInfo): string {
  const { device, peerGroup, master, propagateFrom, unbindable } = mount;
  const optional = [
    ...(peerGroup === undefined ? [] : [`shared:${peerGroup}`]),
    ...(master === undefined ? [] : [`master:${master}`]),
    ...(propagateFrom === undefined ? [] : [`propagate_from:${propagateFrom}`]),
    ...(unbindable ? ['unbindable'] : []),
    'something_new:7',
  ];
  return [
    mount.id,
    mount.parent,
    `${device.major}:${device.minor}`,
    escaped(mount.root),
    escaped(mount.target),
    mount.options.join(','),
    ...optional,
    '-',
    escaped(mount.type),
    escaped(mount.source),
    mount.superOptions.map(escaped).join(','),
  ].join(' ');
}

const number = fc.nat({ max: 2 ** 31 - 1 });
const path = fc
  .array(fc.string({ unit: 'binary', minLength: 1 }).map((name) => name.replace(/[/\0]/g, '-')))
  .map((names) => `/${names.join('/')}`);
const word = fc.stringMatching(/^[a-z0-9=._:-]{1,12}$/);
const mounts = fc.record(
  {
    id: number,
    parent: number,
    device: fc.record({ major: number, minor: number }),
    root: path,
    target: path,
    options: fc.array(word, { minLength: 1 }),
    peerGroup: number,
    master: number,
    propagateFrom: number,
    unbindable: fc.boolean(),
    type: word,
    source: fc.oneof(fc.constant(''), fc.constant('-'), fc.constant('my disk#1'), path),
    superOptions: fc.array(fc.oneof(word, fc.constant('lowerdir=/a b\\c')), { minLength: 1 }),
  },
  {
    requiredKeys: [
      ...(['id', 'parent', 'device', 'root', 'target', 'options', 'unbindable'] as const),
      ...(['type', 'source', 'superOptions'] as const),
    ],
  },
);

test('what the kernel writes is read back, whatever the names', () => {
  fc.assert(
    fc.property(fc.array(mounts), (list) => {
      const text = list.map((mount) => `${written(mount as MountInfo)}\n`).join('');
      expect(parseMountinfo(text)).toEqual(list);
    }),
  );
});

test('a line that is none is named', () => {
  expect(() => parseMountinfo('22 27 0:21 / /proc rw shared:1\n')).toThrow(
    'not a line of mountinfo: "22 27 0:21 / /proc rw shared:1"',
  );
  expect(() => parseMountinfo('what\n')).toThrow(SyntaxError);
});

test('the table of this process has as many mounts as lines', () => {
  const text = readFileSync('/proc/self/mountinfo', 'utf8');
  expect(parseMountinfo(text)).toHaveLength(text.split('\n').length - 1);
});

test('propagation is named as mount(8) does', () => {
  const mount = (fields: string) =>
    parseMountinfo(`1 2 0:1 / / rw ${fields}- t s rw`)[0] as MountInfo;
  expect(propagationOf(mount(''))).toEqual(['private']);
  expect(propagationOf(mount('shared:1 '))).toEqual(['shared']);
  expect(propagationOf(mount('master:1 '))).toEqual(['slave']);
  expect(propagationOf(mount('shared:2 master:1 propagate_from:3 '))).toEqual(['shared', 'slave']);
  expect(propagationOf(mount('unbindable '))).toEqual(['unbindable']);
});
