// The nsfs lines of a mountinfo.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allNamespaceTypes, namespaceTypes } from '../sys/namespace-types.js';
import { parseMountedNamespaces, parseNamespaceName, unescapePath } from './mountinfo.js';

const line = (root: string, path: string, fields = 'shared:2') =>
  `36 28 0:4 ${root} ${path} rw ${fields}${fields === '' ? '' : ' '}- nsfs nsfs rw`;

test('namespaces are found among other mounts', () => {
  const text = [
    '22 27 0:21 / /proc rw,relatime - proc proc rw',
    line('net:[4026532345]', '/run/netns/blue'),
    '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw',
    line('mnt:[4026532346]', '/run/mounts/a\\040b', ''),
    line('net:[4026532345]', '/run/netns/green', 'shared:2 master:3 propagate_from:1'),
    '40 27 0:40 / /nsfs rw - tmpfs nsfs rw',
    '',
  ].join('\n');
  expect(parseMountedNamespaces(text)).toEqual([
    { type: 'net', inode: 4026532345, path: '/run/netns/blue' },
    { type: 'mount', inode: 4026532346, path: '/run/mounts/a b' },
    { type: 'net', inode: 4026532345, path: '/run/netns/green' },
  ]);
});

const escaped = (path: string) =>
  path.replace(/[ \t\n\\#]/g, (one) => `\\${one.charCodeAt(0).toString(8).padStart(3, '0')}`);

const path = fc
  .string({ unit: 'grapheme', minLength: 1 })
  .filter((text) => !text.includes('\0'))
  .map((text) => `/${text}`);

test('any path comes back as it was', () => {
  fc.assert(
    fc.property(path, (text) => {
      const wellFormed = Buffer.from(text, 'utf8').toString('utf8');
      expect(unescapePath(escaped(wellFormed))).toBe(wellFormed);
    }),
  );
});

test('any namespace at any path is found, with any optional fields', () => {
  const optional = fc.array(fc.constantFrom('shared:7', 'master:1', 'unbindable'));
  const inode = fc.integer({ min: 1, max: 0xffff_ffff });
  fc.assert(
    fc.property(
      fc.constantFrom(...allNamespaceTypes),
      inode,
      path,
      optional,
      (type, n, at, fields) => {
        const wellFormed = Buffer.from(at, 'utf8').toString('utf8');
        const root = `${namespaceTypes[type].file}:[${n}]`;
        const text = `${line(root, escaped(wellFormed), fields.join(' '))}\n`;
        expect(parseMountedNamespaces(text)).toEqual([{ type, inode: n, path: wellFormed }]);
      },
    ),
  );
});

test('parseNamespaceName returns undefined for a text that is not a namespace name', () => {
  for (const text of ['', 'net', 'net:[]', 'net:[12', 'nets:[12]', '/net:[12]', 'socket:[12]']) {
    expect(parseNamespaceName(text)).toBeUndefined();
  }
  fc.assert(fc.property(fc.string(), (text) => void parseMountedNamespaces(` - nsfs ${text}`)));
});
