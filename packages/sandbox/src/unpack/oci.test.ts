import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { outside } from '../sandbox.testing.js';
import { type Entry, LayoutWriter, layerOf, tarOf } from './archives.testing.js';
import { unpack } from './unpack.js';

const INDEX = 'application/vnd.oci.image.index.v1+json';

function layout() {
  const place = outside();
  const oci = join(place, 'layout');
  const directory = join(place, 'root');
  return {
    oci,
    directory,
    writer: new LayoutWriter(oci),
    unpack: (reference?: string) =>
      unpack({ oci, ...(reference === undefined ? {} : { reference }) }, directory),
    at: (path: string) => join(directory, path),
  };
}

/** All names below a directory. */
const tree = (directory: string) =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();

const base: Entry[] = [
  { path: 'bin/sh', content: 'shell' },
  { path: 'etc/a', content: 'a' },
  { path: 'etc/b', content: 'b' },
  { path: 'opt/old/x', content: 'x' },
  { path: 'opt/old/y/z', content: 'z' },
];

test('layers are put one over the other, and whiteouts delete what is below', async () => {
  const image = layout();
  image.writer.image([
    layerOf(base),
    layerOf([
      { path: 'etc/.wh.a' },
      { path: 'etc/c', content: 'c' },
      { path: 'bin/.wh.nothing' },
      { path: 'bin/sh', content: 'another shell' },
    ]),
  ]);
  await image.unpack();
  expect(tree(image.directory)).toEqual([
    'bin',
    'bin/sh',
    'etc',
    'etc/b',
    'etc/c',
    'opt',
    'opt/old',
    'opt/old/x',
    'opt/old/y',
    'opt/old/y/z',
  ]);
  expect(readFileSync(image.at('bin/sh'), 'utf8')).toBe('another shell');
});

test('an opaque whiteout hides all that is below, wherever it stands in its layer', async () => {
  for (const order of ['first', 'last']) {
    const image = layout();
    const added: Entry[] = [
      { path: 'opt/old/new', content: 'n' },
      { path: 'opt/old/y/w', content: 'w' },
    ];
    const opaque: Entry = { path: 'opt/old/.wh..wh..opq' };
    image.writer.image([
      layerOf(base),
      layerOf(order === 'first' ? [opaque, ...added] : [...added, opaque]),
    ]);
    await image.unpack();
    expect(tree(image.at('opt/old'))).toEqual(['new', 'y', 'y/w']);
    expect(tree(image.at('etc'))).toEqual(['a', 'b']);
  }
});

test('a whiteout deletes nothing of its own layer', async () => {
  const image = layout();
  image.writer.image([
    layerOf(base),
    layerOf([{ path: 'etc/a', content: 'new' }, { path: 'etc/.wh.a' }]),
  ]);
  await image.unpack();
  expect(readFileSync(image.at('etc/a'), 'utf8')).toBe('new');
});

test('a link of a lower layer leads the names of an upper one nowhere outside', async () => {
  const image = layout();
  const elsewhere = outside();
  image.writer.image([
    layerOf([{ path: 'data', type: 'SymbolicLink', linkpath: elsewhere }]),
    layerOf([{ path: `${elsewhere}/`, type: 'Directory' }]),
    layerOf([{ path: 'data/x', content: 'x' }, { path: 'data/.wh..wh..opq' }]),
  ]);
  await image.unpack();
  expect(readdirSync(elsewhere)).toEqual([]);
  expect(readdirSync(join(image.directory, elsewhere))).toEqual(['x']);
});

test('one image of several is chosen by its name, or by the machine', async () => {
  const image = layout();
  const name = (value: string) => ({ annotations: { 'org.opencontainers.image.ref.name': value } });
  image.writer.image([layerOf([{ path: 'one' }])], name('one'));
  image.writer.image([layerOf([{ path: 'two' }])], name('two'));
  await expect(image.unpack()).rejects.toThrow('it has "one", "two": see reference');
  await expect(image.unpack('three')).rejects.toThrow('not just one image "three"');
  await image.unpack('two');
  expect(tree(image.directory)).toEqual(['two']);

  const many = layout();
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const of = (path: string) => many.writer.manifest([layerOf([{ path }])]);
  const platforms = [
    { ...of('other'), platform: { os: 'linux', architecture: 's390x' } },
    { ...of('this'), platform: { os: 'linux', architecture } },
    { ...of('windows'), platform: { os: 'windows', architecture } },
  ];
  const nested = many.writer.document({ schemaVersion: 2, manifests: platforms }, INDEX);
  many.writer.index([nested]);
  await many.unpack();
  expect(tree(many.directory)).toEqual(['this']);
});

test('a blob with another content than its name says is refused, and nothing is left', async () => {
  const good = layerOf(base);
  const evil = layerOf([{ path: 'bin/sh', content: 'evil' }]).content;
  // Of the same size, of another one, and cut off.
  const padded = Buffer.concat([good.content.subarray(0, -1), Buffer.from([7])]);
  for (const forged of [evil, padded, good.content.subarray(0, -10)]) {
    const image = layout();
    image.writer.image([{ ...good, forged }]);
    await expect(image.unpack()).rejects.toThrow(/another content|and should have|damaged/);
    expect(existsSync(image.directory)).toBe(false);
  }
});

test('unpack refuses images that are known not to be a root', async () => {
  const wrong: [(writer: LayoutWriter, oci: string) => unknown, string][] = [
    [(_, oci) => rmSync(join(oci, 'index.json'), { force: true }), 'it has no index.json'],
    [(writer) => writer.index([]), 'not just one image'],
    [
      (writer) => writer.image([{ content: tarOf(base), mediaType: 'application/zip' }]),
      '"application/zip" is not a layer',
    ],
    [
      (writer) => writer.index([writer.document({}, 'application/vnd.oci.image.manifest.v1+json')]),
      'the manifest.config must be an object, got undefined',
    ],
    [(writer) => writer.index([writer.document({}, 'text/html')]), '"text/html" is not a manifest'],
    [
      (writer) =>
        writer.index([{ mediaType: INDEX, digest: 'sha256:../../../etc/passwd', size: 1 }]),
      'must be a digest by sha256',
    ],
    [
      (writer) => {
        const config = writer.document({}, 'application/vnd.example.sbom');
        const manifest = { schemaVersion: 2, config, layers: [] };
        writer.index([writer.document(manifest, 'application/vnd.oci.image.manifest.v1+json')]);
      },
      'it is not an image of a root',
    ],
    [
      (writer) => {
        let one = writer.document({ manifests: [] }, INDEX);
        for (let i = 0; i < 6; i++) one = writer.document({ manifests: [one] }, INDEX);
        writer.index([one]);
      },
      'do not come to an end',
    ],
  ];
  for (const [write, message] of wrong) {
    const image = layout();
    write(image.writer, image.oci);
    await expect(image.unpack()).rejects.toThrow(message);
    expect(existsSync(image.directory)).toBe(false);
  }
});

test('the links of a layout lead nowhere outside of it', async () => {
  const image = layout();
  const hidden = outside();
  image.writer.image([layerOf(base)]);
  rmSync(join(image.oci, 'index.json'));
  new LayoutWriter(hidden).image([layerOf(base)]);
  symlinkSync(join(hidden, 'index.json'), join(image.oci, 'index.json'));
  await expect(image.unpack()).rejects.toThrow('it has no index.json');
});

test('Docker’s types of the same are taken, and layers without compression', async () => {
  const image = layout();
  const docker = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
  image.writer.image([
    { content: gzipSync(tarOf(base)), mediaType: docker },
    { content: tarOf([{ path: 'plain' }]), mediaType: 'application/vnd.oci.image.layer.v1.tar' },
  ]);
  await image.unpack();
  expect(tree(image.directory)).toContain('plain');
});
