// Archives that want to write elsewhere, or to fill the disk.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { run } from '@ns/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { outside } from '../sandbox.testing.js';
import { ArchiveError } from './archive-error.js';
import { type Entry, paxOf, tarOf } from './archives.testing.js';
import { unpack } from './unpack.js';

/** Somewhere that an archive wants to write to, beside the directory it is unpacked to. */
function scene(content: Buffer) {
  const place = outside();
  const tar = join(place, 'archive.tar');
  const victim = join(place, 'victim');
  writeFileSync(tar, content);
  writeFileSync(victim, 'untouched');
  const directory = join(place, 'root');
  return {
    place,
    directory,
    unpack: (maxSize = '10M') => unpack({ tar }, directory, { maxSize }),
    /** Expects that the directory has only its first files. */
    unharmed() {
      expect(readFileSync(victim, 'utf8')).toBe('untouched');
      expect(statSync(victim).nlink).toBe(1);
      expect(readdirSync(place).filter((name) => name !== 'root')).toEqual([
        'archive.tar',
        'victim',
      ]);
    },
  };
}

const refused: Record<string, [Entry[], string]> = {
  'names with ..': [[{ path: '../victim', content: 'x' }], 'leads outside'],
  'names with .. in the middle': [[{ path: 'a/../../victim', content: 'x' }], 'leads outside'],
  'hard links to outside': [[{ path: 'a', type: 'Link', linkpath: '../victim' }], 'leads outside'],
  'hard links to what is not there': [
    [{ path: 'a', type: 'Link', linkpath: '/etc/hostname' }],
    'is not there',
  ],
  'hard links through a link to outside': [
    [
      { path: 'l', type: 'SymbolicLink', linkpath: '..' },
      { path: 'a', type: 'Link', linkpath: 'l/victim' },
    ],
    'is not there',
  ],
  'hard links to directories': [
    [
      { path: 'd/', type: 'Directory' },
      { path: 'a', type: 'Link', linkpath: 'd' },
    ],
    'is a directory',
  ],
  'loops of links': [
    [
      { path: 'a', type: 'SymbolicLink', linkpath: 'b' },
      { path: 'b', type: 'SymbolicLink', linkpath: 'a' },
      { path: 'a/c', content: 'x' },
    ],
    'is a loop of links',
  ],
  'links of the kernel': [
    [
      { path: 'magic', type: 'SymbolicLink', linkpath: '/proc/self/cwd' },
      { path: 'magic/x', content: 'x' },
    ],
    'is a dangling link',
  ],
  'directories that are files': [
    [
      { path: 'a', content: 'x' },
      { path: 'a/b', content: 'x' },
    ],
    'is not a directory',
  ],
  'files without a name': [[{ path: '.', content: 'x' }], 'has no name'],
  'sparse files': [
    [paxOf({ 'GNU.sparse.major': '1' }), { path: 'GNUSparseFile.0/a', content: 'x' }],
    'has sparse files',
  ],
  'unknown types': [[{ path: 'a', type: 'SparseFile' }], 'not supported'],
  'very deep directories': [
    [paxOf({ path: `${'a/'.repeat(299)}b` }), { path: 'a', content: 'x' }],
    'too deep',
  ],
  'headers that are too large': [
    [{ path: 'pax', type: 'ExtendedHeader', content: 'x'.repeat(2_000_000) }],
    'a header of 2000000 bytes, more than 1048576',
  ],
};

for (const [what, [entries, message]] of Object.entries(refused)) {
  test(`${what} are refused, and nothing is left`, async () => {
    const here = scene(tarOf(entries));
    await expect(here.unpack()).rejects.toThrow(message);
    expect(existsSync(here.directory)).toBe(false);
    here.unharmed();
  });
}

test('a name is not written through a link that leads outside', async () => {
  const here = scene(Buffer.alloc(0));
  const attack: Entry[] = [
    { path: 'up', type: 'SymbolicLink', linkpath: '../../../../../../../..' },
    { path: `up${here.place}/victim`, content: 'overwritten' },
    { path: 'there', type: 'SymbolicLink', linkpath: `${here.place}/victim` },
    { path: 'there', content: 'overwritten' },
    { path: 'dir', type: 'SymbolicLink', linkpath: here.place },
    { path: 'dir/victim', content: 'overwritten' },
    { path: `${here.place}/victim`, content: 'absolute' },
  ];
  writeFileSync(join(here.place, 'archive.tar'), tarOf(attack));
  // An extractor that concatenates paths overwrites the file.
  const naive = outside();
  await run('ln', ['-s', here.place, join(naive, 'dir')]);
  writeFileSync(join(naive, 'dir/victim'), 'overwritten');
  expect(readFileSync(join(here.place, 'victim'), 'utf8')).toBe('overwritten');
  writeFileSync(join(here.place, 'victim'), 'untouched');

  await here.unpack();
  here.unharmed();
  expect(readFileSync(join(here.directory, here.place, 'victim'), 'utf8')).toBe('absolute');
  expect(readFileSync(join(here.directory, 'there'), 'utf8')).toBe('overwritten');
});

test('a bomb ends at the limit', async () => {
  const bomb = gzipSync(tarOf([{ path: 'zeros', content: Buffer.alloc(20_000_000) }]));
  expect(bomb.length).toBeLessThan(100_000);
  const here = scene(bomb);
  await expect(here.unpack('1M')).rejects.toThrow('more than 1048576 bytes');
  expect(existsSync(here.directory)).toBe(false);
  const twice = scene(gzipSync(bomb));
  await expect(twice.unpack('1M')).rejects.toThrow('compressed twice');
  const huge = scene(tarOf([{ path: 'a', size: 2 ** 33 - 1 }]));
  await expect(huge.unpack()).rejects.toThrow('has more than 10485760 bytes');
});

test('damaged archives are refused', async () => {
  const good = tarOf([{ path: 'a', content: 'x'.repeat(2000) }]);
  const damaged = [
    good.subarray(0, 1500),
    Buffer.concat([good.subarray(0, 10), Buffer.from('!'), good.subarray(11)]),
    Buffer.from('no archive at all'),
    gzipSync(good).subarray(0, 60),
    Buffer.concat([gzipSync(good).subarray(0, 20), Buffer.alloc(100, 7)]),
  ];
  for (const content of damaged) {
    const here = scene(content);
    await expect(here.unpack()).rejects.toThrow(ArchiveError);
    here.unharmed();
  }
});

test('whatever the names are, nothing is written outside', async () => {
  const part = fc.constantFrom('a', 'b', '..', '.', '', 'link', 'victim', 'proc', 'self', 'root');
  const path = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'));
  const type = fc.constantFrom('File', 'Directory', 'SymbolicLink', 'Link', 'FIFO');
  const entry = fc.record({ path, type, linkpath: path });
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 8 }), async (entries) => {
      const made = entries
        .filter((one) => one.path !== '')
        .map(({ path: name, type: kind, linkpath }): Entry => {
          const link = kind === 'SymbolicLink' || kind === 'Link';
          return {
            path: name,
            type: kind as 'File',
            ...(link ? { linkpath: linkpath || 'a' } : {}),
          };
        });
      const here = scene(tarOf(made));
      await here.unpack().catch(() => {});
      here.unharmed();
    }),
    { numRuns: 60 },
  );
});
