// Archives that cost more than they weigh: space on the disk, memory, or the time of the event loop
// (SECURITY.md S4).
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { run } from '@ns/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { outside } from '../sandbox.testing.js';
import { type Entry, LayoutWriter, layerOf, paxOf, tarOf } from './archives.testing.js';
import { unpack } from './unpack.js';

/** Unpacks an archive, and gives what is needed to look at the result. */
function scene(content: Buffer) {
  const place = outside();
  const tar = join(place, 'archive');
  const directory = join(place, 'root');
  writeFileSync(tar, content);
  return { directory, unpack: (maxSize = '1M') => unpack({ tar }, directory, { maxSize }) };
}

/** A gzip file whose first 64 KiB, a long file name, decompress to a single byte. */
function slowGzip(content: Buffer): Buffer {
  const header = Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3]);
  const first = Buffer.from([0, 1, 0, 0xfe, 0xff, content[0] as number]); // a stored block
  const name = Buffer.alloc(64 * 1024 - header.length - first.length, 'n');
  name[name.length - 1] = 0;
  const end = Buffer.alloc(8);
  end.writeUInt32LE(crc32(content), 0);
  end.writeUInt32LE(content.length, 4);
  return Buffer.concat([header, name, first, deflateRawSync(content.subarray(1)), end]);
}

const zeros: Entry[] = Array.from({ length: 20 }, (_, i) => ({
  path: `zeros${i}`,
  content: Buffer.alloc(1_000_000),
}));

test('unpack refuses what is compressed twice, however the first layer comes in pieces', async () => {
  const twice = slowGzip(gzipSync(tarOf(zeros)));
  expect(twice.length).toBeLessThan(100_000);
  const here = scene(twice);
  await expect(here.unpack()).rejects.toThrow('compressed twice');
  expect(existsSync(here.directory)).toBe(false);
  const image = outside();
  new LayoutWriter(join(image, 'layout')).image([{ content: twice }]);
  const oci = { oci: join(image, 'layout') };
  const given = unpack(oci, join(image, 'root'), { maxSize: '1M' });
  await expect(given).rejects.toThrow('compressed twice');
  // What it unpacks to without a limit.
  const { stdout } = await run('sh', ['-c', 'gzip -dc | gzip -dc | wc -c'], { input: twice });
  expect(Number(stdout)).toBeGreaterThan(20_000_000);
});

test('unpack counts the space that many small entries take, and directories that none names', async () => {
  const deep = Array.from({ length: 8 }, (_, i) => ({ path: `${i}/${'d/'.repeat(120)}f` }));
  const empty = Array.from({ length: 300 }, (_, i) => ({ path: `e${i}` }));
  for (const entries of [deep.map((one) => ({ ...one, path: one.path.slice(0, 99) })), empty]) {
    const here = scene(tarOf(entries));
    expect(tarOf(entries).length).toBeLessThan(200_000);
    await expect(here.unpack()).rejects.toThrow('its files take more than 1048576 bytes');
    expect(existsSync(here.directory)).toBe(false);
  }
});

test('unpack counts an archive that decompresses to nothing', async () => {
  const nothing = gzipSync(Buffer.alloc(0));
  const padding = Buffer.concat(Array.from({ length: 60_000 }, () => nothing));
  const here = scene(Buffer.concat([gzipSync(tarOf([{ path: 'a' }])), padding]));
  await expect(here.unpack()).rejects.toThrow('it has more than 1048576 bytes');
});

test('unpack counts what stands behind the end of an archive, or in headers of nothing', async () => {
  const archive = tarOf([{ path: 'a' }]);
  const headers = Array.from({ length: 40 }, () => paxOf({ comment: 'c'.repeat(50_000) }));
  for (const content of [
    Buffer.concat([archive, Buffer.alloc(20_000_000)]),
    tarOf([...headers, { path: 'a' }]),
  ]) {
    const here = scene(gzipSync(content));
    await expect(here.unpack()).rejects.toThrow('it unpacks to more than 1048576 bytes');
    expect(existsSync(here.directory)).toBe(false);
  }
});

test('unpack refuses names, links and headers that are too long', async () => {
  const long = 'x/'.repeat(3000);
  const [deepLink, longLink] = ['d/'.repeat(300), 'l'.repeat(5000)];
  const link = { path: 'l', type: 'SymbolicLink', linkpath: 'x' } as const;
  const refused: [Entry[], string][] = [
    [[paxOf({ path: long }), { path: 'a' }], 'is too long'],
    [[paxOf({ linkpath: longLink }), link], 'is too long'],
    [[paxOf({ linkpath: deepLink }), link], 'too deep'],
    [[paxOf({ comment: 'c'.repeat(2 ** 20) }), { path: 'a' }], 'a header of 1048'],
    [[{ path: 'L', type: 'NextFileHasLongPath', size: 2 ** 30 }], 'a header of 1073741824 bytes'],
    [[paxOf({ path: 'b' }, 'GlobalExtendedHeader'), { path: 'a' }], 'gives all entries one path'],
    [[paxOf({ size: '-1' }), { path: 'a' }], 'a size is not a number'],
    [[paxOf({ path: 'a\0b' }), { path: 'a' }], 'has a NUL in it'],
    [
      [{ path: 'pax', type: 'ExtendedHeader', content: '9 path=\n' }, { path: 'a' }],
      'another length',
    ],
    [[{ path: 'a', type: 'Link', linkpath: 'b', content: 'x' }], 'has content'],
  ];
  for (const [entries, message] of refused) {
    const here = scene(tarOf(entries));
    await expect(here.unpack(), message).rejects.toThrow(message);
    expect(existsSync(here.directory)).toBe(false);
  }
});

/** Unpacks an image of these layers. */
async function unpackLayers(...layers: Entry[][]) {
  const place = outside();
  const [oci, directory] = [join(place, 'layout'), join(place, 'root')];
  new LayoutWriter(oci).image(layers.map(layerOf));
  await unpack({ oci }, directory);
  return { directory };
}

const many = (count: number, path: (i: number) => string): Entry[] =>
  Array.from({ length: count }, (_, i) => ({ path: path(i) }));

// Each of these takes minutes if every whiteout looks at every name.
test('unpack clears a directory once in a layer, however many opaque whiteouts it has', async () => {
  const count = 4000;
  const { directory } = await unpackLayers(
    [{ path: 'd/lower/x' }, { path: 'd/a' }],
    [...many(count, (i) => `d/${i}`), ...many(count, () => 'd/.wh..wh..opq')],
    [
      { path: 'd/.wh.0' },
      ...many(count, () => 'd/.wh.1'),
      ...many(count, () => 'd/lower/.wh..wh..opq'),
    ],
  );
  expect(readdirSync(join(directory, 'd'))).toHaveLength(count - 2);
}, 120_000);

test('unpack is linear in directories that are replaced, whited out and reached by links', async () => {
  const count = 500;
  const link = { path: 'l', type: 'SymbolicLink', linkpath: `${'d/../'.repeat(10)}d` } as const;
  const { directory } = await unpackLayers(
    many(count, (i) => `d/${i}/x`),
    [link, ...many(count, (i) => `l/${i}/.wh..wh..opq`), ...many(count, () => 'l/.wh..wh..opq')],
    many(count, (i) => ['f/', 'f/g/h', 'f'][i % 3] as string),
  );
  expect(readdirSync(join(directory, 'd'))).toHaveLength(count);
  expect(readdirSync(join(directory, 'd/0'))).toEqual([]);
}, 120_000);

test('unpack can be given up within a single entry', async () => {
  const place = outside();
  const [oci, directory] = [join(place, 'layout'), join(place, 'root')];
  const files = many(4000, (i) => `d/${i}`);
  new LayoutWriter(oci).image([layerOf(files), layerOf([{ path: '.wh.d' }])]);
  const controller = new AbortController();
  const given = unpack({ oci }, directory, {
    signal: controller.signal,
    onProgress: ({ bytes, total }) => {
      // The second layer has been read, and the event loop turns while it is worked at.
      if (bytes === total) setImmediate(() => controller.abort());
    },
  });
  await expect(given).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
  expect(readdirSync(place)).toEqual(['layout']);
}, 120_000);

test('unpack bounds how deep directories get by way of links', async () => {
  const path = Array.from({ length: 40 }, () => 'd').join('/');
  const deeper = Array.from({ length: 8 }, (_, i): Entry[] => [
    { path: `l${i}/${path}/`, type: 'Directory' },
    { path: `l${i + 1}`, type: 'SymbolicLink', linkpath: `l${i}/${path}` },
  ]).flat();
  await expect(scene(tarOf(deeper)).unpack('100M')).rejects.toThrow('too deep');
  await scene(tarOf(deeper.slice(0, 6))).unpack('100M');
});

test('unpack keeps names and links of any bytes, as tar(1) does', async () => {
  const place = outside();
  const [oracle, tar, directory] = ['oracle', 'archive', 'root'].map((name) =>
    join(place, name),
  ) as [string, string, string];
  const name = fc
    .uint8Array({ minLength: 1, maxLength: 120 })
    .map((bytes) =>
      Buffer.concat([
        Buffer.from('n'),
        Buffer.from(bytes.map((one) => (one === 0 || one === 0x2f ? 0xff : one))),
      ]),
    );
  const names = fc.uniqueArray(name, {
    minLength: 3,
    maxLength: 20,
    selector: (one) => one.toString('hex'),
  });
  const bytesIn = (path: string) =>
    readdirSync(path, { encoding: 'buffer' })
      .map((one) => one.toString('hex'))
      .sort();
  await fc.assert(
    fc.asyncProperty(names, fc.constantFrom('gnu', 'pax'), async (all, format) => {
      mkdirSync(oracle);
      try {
        for (const [i, one] of all.entries()) {
          const path = Buffer.concat([Buffer.from(`${oracle}/`), one]);
          if (i % 3 === 1) symlinkSync(one, path);
          else if (i % 3 === 2) {
            mkdirSync(path);
            writeFileSync(Buffer.concat([path, Buffer.from('/'), one]), one);
          } else writeFileSync(path, one);
        }
        await run('tar', ['-cf', tar, `--format=${format}`, '-C', oracle, '.']);
        await unpack({ tar }, directory);
        expect(bytesIn(directory)).toEqual(bytesIn(oracle));
        await run('diff', ['-r', '--no-dereference', oracle, directory]);
      } finally {
        rmSync(oracle, { recursive: true, force: true });
        rmSync(directory, { recursive: true, force: true });
      }
    }),
    { numRuns: 10 },
  );
}, 120_000);
