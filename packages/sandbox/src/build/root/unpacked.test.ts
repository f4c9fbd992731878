// Roots that are unpacked: from archives and images, for the time of a sandbox.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { createSandbox } from '../../create-sandbox.js';
import type { RootSource } from '../../options/types.js';
import { plan } from '../../plan.js';
import { run } from '../../run.js';
import { box, outside, ownTemporaries, sh } from '../../sandbox.testing.js';
import { type Entry, LayoutWriter, layerOf, tarOf } from '../../unpack/archives.testing.js';
import type { UnpackProgress } from '../../unpack/unpack.js';
import { systemEntries } from './rootfs-options.js';

const entries: Entry[] = [
  { path: 'etc/release', content: 'unpacked' },
  { path: 'data/', type: 'Directory', mode: 0o755 },
  { path: 'data/file', content: 'before' },
];

function archive(): string {
  const tar = join(outside(), 'root.tar.gz');
  writeFileSync(tar, gzipSync(tarOf(entries)));
  return tar;
}

/** Lists directories that sandboxes have left, without those of the test. */
const leftIn = (directory: string) =>
  readdirSync(directory).filter((name) => name.startsWith('ns-sandbox-'));
// The programs come from the host.
const inside = (root: RootSource) => ({ root, mounts: systemEntries() });

test('an archive is the root of a sandbox, read-only, and is gone with it', async () => {
  const temporaries = ownTemporaries();
  const progress: UnpackProgress[] = [];
  const { stdout } = await run('sh', ['-c', 'cat /etc/release; touch /data/x; ls -A / /tmp'], {
    ...inside({ tar: archive() }),
    onProgress: (one) => progress.push(one),
    reject: false,
  });
  expect(stdout).toMatch(/^unpacked/);
  expect(stdout).toContain('data');
  expect(stdout).not.toContain('home');
  expect(progress.at(-1)?.bytes).toBe(progress.at(-1)?.total);
  const made = await box(inside({ tar: archive() }));
  expect(await sh(made, 'touch /data/x; echo x > /data/file')).toContain('Read-only file system');
  await made.stop();
  expect(leftIn(temporaries)).toEqual([]);
});

test('an unpacked root with `writable` can be changed by commands of every `user`', async () => {
  for (const user of ['current', 'root', undefined] as const) {
    const options = { ...inside({ tar: archive(), writable: true }), ...(user ? { user } : {}) };
    const made = await box(options);
    const work = 'echo after > /data/file && rm /etc/release && mkdir /etc/d && cat /data/file';
    expect(await sh(made, work)).toBe('after');
    await made.stop();
  }
});

test('changes() lists the changes of an unpacked root', async () => {
  const made = await box(inside({ tar: archive(), overlay: 'list' }));
  await sh(made, 'echo after > /data/file; rm /etc/release; echo new > /data/new');
  const changes = (await made.changes()).filter(({ path }) => /^\/(data|etc)/.test(String(path)));
  expect(changes).toEqual([
    { path: '/data/file', kind: 'modified' },
    { path: '/data/new', kind: 'added' },
    { path: '/etc/release', kind: 'deleted' },
  ]);
});

test('an image is the root of a sandbox', async () => {
  const oci = join(outside(), 'layout');
  new LayoutWriter(oci).image([layerOf(entries), layerOf([{ path: 'etc/.wh.release' }])]);
  const made = await box(inside({ oci }));
  expect(await sh(made, 'cat /data/file; ls -A /etc')).toBe('before');
});

test('createSandbox rejects a malformed archive as an error of the root, and leaves nothing', async () => {
  const temporaries = ownTemporaries();
  const tar = join(outside(), 'none.tar');
  writeFileSync(tar, 'this is not an archive');
  await expect(createSandbox(inside({ tar }))).rejects.toMatchObject({
    name: 'SandboxError',
    part: 'root',
    cause: { name: 'ArchiveError' },
  });
  await expect(createSandbox(inside({ tar: '/nowhere.tar' }))).rejects.toThrow('root: ENOENT');
  await expect(createSandbox(inside({ tar: archive(), maxSize: 100 }))).rejects.toThrow(
    'more than 100',
  );
  expect(leftIn(temporaries)).toEqual([]);
});

test('a plan says where it would be, and unpacks nothing', () => {
  const temporaries = ownTemporaries();
  const { root } = plan(inside({ tar: '/nowhere.tar' }));
  expect(root).toEqual({ source: '/TEMPORARY/root', readonly: true, overlay: true });
  expect(leftIn(temporaries)).toEqual([]);
});

test.each<[object, string]>([
  [{ tar: 'relative' }, "options.root.tar must be an absolute path, got 'relative'"],
  [{ tar: '/x', reference: 'a' }, 'options.root.reference is not known'],
  [{ tar: '/x', directory: '/y' }, 'options.root must be { directory } or { tar } or { oci }'],
  [{ oci: '/x', maxSize: 'much' }, 'options.root.maxSize must be a number of bytes or a text'],
])('%j is refused', async (root, message) => {
  await expect(createSandbox({ root: root as RootSource })).rejects.toThrow(message);
});
