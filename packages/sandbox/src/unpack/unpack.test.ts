import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { gzipSync } from 'node:zlib';
import { run } from '@ns/core';
import { expect, test } from 'vitest';
import { outside } from '../sandbox.testing.js';
import { type Entry, tarOf } from './archives.testing.js';
import { type UnpackOptions, type UnpackProgress, unpack } from './unpack.js';

/** Unpacks an archive, and gives the directory. */
async function unpacked(content: Buffer, options: UnpackOptions = {}) {
  const place = outside();
  const tar = join(place, 'archive.tar');
  const directory = join(place, 'root');
  writeFileSync(tar, content);
  const result = await unpack({ tar }, directory, options);
  return { directory, result, at: (path: string) => join(directory, path) };
}

const entries: Entry[] = [
  { path: './', type: 'Directory', mode: 0o755 },
  { path: './etc/', type: 'Directory', mode: 0o555 },
  { path: './etc/name', content: 'value', mode: 0o4755, mtime: new Date(1e12) },
  { path: './deep/down/file', content: 'x'.repeat(3000) },
  { path: './link', type: 'SymbolicLink', linkpath: 'etc/name' },
  { path: './lib', type: 'SymbolicLink', linkpath: '/usr/lib' },
  { path: './usr/lib/', type: 'Directory', mode: 0o755 },
  { path: './lib/through', content: 'link' },
  { path: './again', type: 'Link', linkpath: './etc/name' },
  { path: './tmp/', type: 'Directory', mode: 0o1777 },
  { path: './null', type: 'CharacterDevice' },
  { path: './fifo', type: 'FIFO' },
];

const zstd = (zlib as { zstdCompressSync?: (content: Buffer) => Buffer }).zstdCompressSync;

for (const [name, compress] of [
  ['plain', (content: Buffer) => content],
  ['gzip', (content: Buffer) => gzipSync(content)],
] as const) {
  test(`an archive is unpacked (${name})`, async () => {
    const { at, result } = await unpacked(compress(tarOf(entries)));
    expect(result).toMatchObject({ entries: entries.length, skipped: 2 });
    expect(readFileSync(at('etc/name'), 'utf8')).toBe('value');
    expect(statSync(at('etc/name')).mtimeMs).toBe(1e12);
    expect(readFileSync(at('deep/down/file'), 'utf8')).toHaveLength(3000);
    expect(readlinkSync(at('link'))).toBe('etc/name');
    expect(readlinkSync(at('lib'))).toBe('/usr/lib');
    // Through a link, which means what it will mean inside.
    expect(readFileSync(at('usr/lib/through'), 'utf8')).toBe('link');
    expect(existsSync('/usr/lib/through')).toBe(false);
    expect(statSync(at('again')).ino).toBe(statSync(at('etc/name')).ino);
    expect(statSync(at('tmp')).mode & 0o7777).toBe(0o1777);
    // No set-user-ID bit; and the owner can write to all of it.
    expect(statSync(at('etc/name')).mode & 0o7777).toBe(0o755);
    expect(statSync(at('etc')).mode & 0o7777).toBe(0o755);
    expect(readdirSync(at('')).sort()).not.toContain('null');
    expect(existsSync(at('fifo'))).toBe(false);
  });
}

test('an archive compressed by zstd is unpacked where Node.js can, and refused where it cannot', async () => {
  const made = await run('zstd', ['-c'], { input: tarOf(entries), encoding: 'buffer' });
  if (zstd) {
    const { at } = await unpacked(made.stdout);
    expect(readFileSync(at('etc/name'), 'utf8')).toBe('value');
  } else await expect(unpacked(made.stdout)).rejects.toThrow('zstd needs Node.js 22.15');
});

test('an archive of tar(1) is unpacked as tar(1) does it', async () => {
  const place = outside();
  const source = join(place, 'source');
  mkdirSync(join(source, 'a'.repeat(90), 'b'.repeat(90)), { recursive: true });
  writeFileSync(join(source, 'a'.repeat(90), 'b'.repeat(90), 'grüße'), 'long name');
  symlinkSync('c'.repeat(200), join(source, 'long-link'));
  for (const format of ['gnu', 'pax', 'ustar']) {
    if (format === 'ustar') continue; // has no such names
    const tar = join(place, `${format}.tar.gz`);
    await run('tar', ['-czf', tar, `--format=${format}`, '-C', source, '.']);
    const directory = join(place, format);
    await unpack({ tar }, directory);
    await run('diff', ['-r', '--no-dereference', source, directory]);
  }
});

test('of entries with the same name, the last one counts', async () => {
  const { at } = await unpacked(
    tarOf([
      { path: 'a', content: 'first' },
      { path: 'a', content: 'second' },
      { path: 'b/c', content: 'in the way' },
      { path: 'b', content: 'a file now' },
      { path: 'd', type: 'SymbolicLink', linkpath: 'a' },
      { path: 'd/', type: 'Directory' },
    ]),
  );
  expect(readFileSync(at('a'), 'utf8')).toBe('second');
  expect(readFileSync(at('b'), 'utf8')).toBe('a file now');
  expect(lstatSync(at('d')).isDirectory()).toBe(true);
});

test('unpack reports progress', async () => {
  const progress: UnpackProgress[] = [];
  await unpacked(tarOf([{ path: 'a', content: Buffer.alloc(300_000) }]), {
    onProgress: (one) => progress.push(one),
  });
  const last = progress.at(-1);
  expect(progress.length).toBeGreaterThan(1);
  expect(last?.bytes).toBe(last?.total);
  expect(last?.entries).toBe(1);
});

test('unpack leaves nothing when its signal aborts it', async () => {
  const place = outside();
  const tar = join(place, 'archive.tar');
  writeFileSync(tar, tarOf([{ path: 'a', content: Buffer.alloc(5_000_000) }]));
  const controller = new AbortController();
  const given = unpack({ tar }, join(place, 'root'), {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  await expect(given).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
  expect(readdirSync(place)).toEqual(['archive.tar']);
});

test('unpack rejects wrong arguments by their names, and creates nothing', async () => {
  const place = outside();
  const to = join(place, 'root');
  await expect(unpack({} as never, to)).rejects.toThrow(
    'source must be { tar } or { oci }, got {}',
  );
  await expect(unpack({ tar: '' }, to)).rejects.toThrow(
    'source.tar must be a path, not an empty string',
  );
  await expect(unpack({ tar: '/x' }, '')).rejects.toThrow(
    'directory must be a path, not an empty string',
  );
  await expect(unpack({ tar: '/x' }, place)).rejects.toThrow('must not exist yet');
  await expect(unpack({ tar: '/x' }, to, { maxSize: 'much' })).rejects.toThrow(
    'options.maxSize must be a number of bytes or a text',
  );
  await expect(unpack({ tar: '/x' }, to, { maxSize: -1 })).rejects.toThrow(RangeError);
  await expect(unpack({ tar: '/nowhere' }, to)).rejects.toMatchObject({ code: 'ENOENT' });
  await run('mkfifo', [join(place, 'fifo')]);
  await expect(unpack({ tar: join(place, 'fifo') }, to)).rejects.toThrow('not a regular file');
  expect(existsSync(to)).toBe(false);
});
