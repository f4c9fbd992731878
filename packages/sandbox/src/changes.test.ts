import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isRoot } from '@ns/core/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { systemEntries } from './build/root/rootfs-options.js';
import { listChanges } from './changes.js';
import { createSandbox } from './create-sandbox.js';
import type { RootSource } from './options/types.js';
import { box, outside, ownTemporaries, readableByOthers, sh } from './sandbox.testing.js';

readableByOthers();

/** Makes a directory like a small system, which commands of any user may write. */
function image(): string {
  const top = outside();
  for (const name of ['dev', 'proc', 'sys', 'tmp', 'data', 'data/sub', 'gone']) {
    mkdirSync(join(top, name), { mode: 0o777 });
  }
  for (const name of ['data/kept', 'data/changed', 'data/removed', 'data/sub/a', 'gone/b']) {
    writeFileSync(join(top, name), 'before');
  }
  symlinkSync('/etc', join(top, 'link'));
  return top;
}

const inside = (root: RootSource) => ({ root, user: 'root' as const, mounts: systemEntries() });
const work = [
  'echo now > /data/changed; rm /data/removed; echo new > /data/sub/new',
  'rm -r /gone; mkdir /gone; echo c > /gone/c; rm /link; mkdir /link; echo d > /link/d',
].join('; ');

test('changes in an overlay are listed, and thrown away', async () => {
  const directory = image();
  const temporaries = ownTemporaries();
  const made = await createSandbox(inside({ directory, overlay: 'list' }));
  expect(await sh(made, work)).toBe('');
  const changes = await made.changes();
  const ofWork = changes.filter(({ path }) => /^\/(data|gone|link)/.test(String(path)));
  expect(ofWork).toEqual([
    { path: '/data/changed', kind: 'modified' },
    { path: '/data/removed', kind: 'deleted' },
    { path: '/data/sub/new', kind: 'added' },
    { path: '/gone/b', kind: 'deleted' },
    { path: '/gone/c', kind: 'added' },
    { path: '/link', kind: 'modified' },
    { path: '/link/d', kind: 'added' },
  ]);
  await made.stop();
  await expect(made.changes()).rejects.toThrow('the sandbox has been stopped');
  expect(existsSync(join(directory, 'data/removed'))).toBe(true);
  expect(readdirSync(temporaries)).toEqual([]);
});

test('changes in memory are gone, and cannot be listed', async () => {
  const directory = image();
  const made = await box(inside({ directory, overlay: 'discard' }));
  expect(await sh(made, 'rm /data/kept; ls /data')).toBe('changed\nremoved\nsub');
  await expect(made.changes()).rejects.toThrow("overlay: 'list'");
  expect(existsSync(join(directory, 'data/kept'))).toBe(true);
});

test('changes in memory have a limit, in bytes and in files', async () => {
  const directory = image();
  const fill = 'head -c 3M /dev/zero > /data/new; stat -c %s /data/new; rm /data/new';
  const make = 'i=0; while echo > /data/$i; do i=$((i+1)); done 2>/dev/null; echo $i';
  const small = await box(inside({ directory, overlay: { discard: '2M' } }));
  expect(Number((await sh(small, fill)).split('\n').at(-1))).toBeLessThanOrEqual(2 * 2 ** 20);
  expect(Number(await sh(small, make))).toBeLessThan(1024);
  const usual = await box(inside({ directory, overlay: 'discard' }));
  expect(await sh(usual, fill)).toBe(String(3 * 2 ** 20));
  expect(await sh(usual, 'df -k --output=size / | tail -1')).toBe(String(256 * 1024));
});

test('secrets have a place in a directory of any owner', async () => {
  const directory = image();
  for (const overlay of [undefined, 'discard'] as const) {
    const root = { directory, ...(overlay ? { overlay } : {}) };
    mkdirSync(join(directory, 'run'), { recursive: true, mode: 0o755 });
    for (const name of ['usr', 'bin', 'lib', 'lib64']) {
      mkdirSync(join(directory, name), { recursive: true });
    }
    const readable = ['/usr', '/bin', '/lib', '/lib64'];
    const made = await box({ root, readable, secrets: { token: 's3cret' } });
    expect(await sh(made, 'cat /run/secrets/token')).toBe('s3cret');
  }
});

test('listChanges lists 130,001 changes', async () => {
  const [lower, upper] = [outside(), outside('/dev/shm')]; // quicker than a disk
  mkdirSync(join(upper, 'many'));
  for (let i = 0; i < 130_000; i++) symlinkSync('x', join(upper, 'many', String(i)));
  expect(await listChanges(lower, upper)).toHaveLength(130_001);
}, 120_000);

test('changes() marks directories that are too deep or may not be read, and lists the rest', async () => {
  const made = await box(inside({ directory: image(), overlay: 'list' }));
  const work = [
    'mkdir /data/closed /data/half; touch /data/closed/evil /data/half/evil /data/seen',
    'chmod 000 /data/closed; chmod 600 /data/half',
    'cd /data/sub; for i in $(seq 300); do mkdir d && cd d; done',
  ];
  await sh(made, work.join('; '));
  const changes = await made.changes();
  expect(changes).toContainEqual({ path: '/data/seen', kind: 'added' });
  const unlisted = changes.filter((one) => one.unlisted).map(({ path }) => String(path));
  expect(unlisted.at(-1)).toMatch(/^\/data\/sub(\/d){255}$/);
  // Root reads everything.
  const closed = isRoot ? [] : ['/data/closed', '/data/half'];
  expect(unlisted.slice(0, -1)).toEqual(closed);
  const evil = changes.filter(({ path }) => String(path).endsWith('/evil'));
  expect(evil).toHaveLength(isRoot ? 2 : 0);
  await sh(made, 'chmod 000 /');
  const closedRoot = (await made.changes()).filter(({ path }) => path === '/');
  expect(closedRoot).toEqual(isRoot ? [] : [{ path: '/', kind: 'modified', unlisted: true }]);
  await sh(made, 'chmod 755 / /data/closed /data/half');
});

test('changes() lists a directory whose permissions have changed, and none that has been copied up', async () => {
  const made = await box(inside({ directory: image(), overlay: 'list' }));
  await sh(made, 'chmod 700 /data/sub; echo x > /gone/new');
  const changes = (await made.changes()).filter(({ path }) => /^\/(data|gone)/.test(String(path)));
  expect(changes).toEqual([
    { path: '/data/sub', kind: 'modified' },
    { path: '/gone/new', kind: 'added' },
  ]);
});

test('changes() lists a directory that has another owner', async ({ skip }) => {
  skip(!isRoot, 'root alone can give a directory to another user');
  const [lower, upper] = [outside(), outside()];
  for (const name of ['same', 'uid', 'gid']) {
    for (const layer of [lower, upper]) mkdirSync(join(layer, name));
  }
  chownSync(join(upper, 'uid'), 54_321, 0);
  chownSync(join(upper, 'gid'), 0, 54_321);
  expect(await listChanges(lower, upper)).toEqual([
    { path: '/gid', kind: 'modified' },
    { path: '/uid', kind: 'modified' },
  ]);
});

/** Names of any bytes, with control characters, newlines and invalid UTF-8 among them. */
const anyNames = fc.uniqueArray(
  fc
    .uint8Array({ minLength: 1, maxLength: 60 })
    .map((bytes) => Buffer.from(bytes.map((one) => (one === 0 || one === 0x2f ? 0xff : one))))
    .filter((name) => !['.', '..'].includes(name.toString('latin1'))),
  { minLength: 1, maxLength: 12, selector: (one) => one.toString('hex') },
);

const hexOf = (path: string | Buffer) => Buffer.from(path).toString('hex');

test('changes() and files.list() give every name, byte for byte, and files opens it', async () => {
  const directory = image();
  const at = (name: Buffer, top = join(directory, 'data')) =>
    Buffer.concat([Buffer.from(`${top}/`), name]);
  await fc.assert(
    fc.asyncProperty(anyNames, async (names) => {
      for (const name of names) writeFileSync(at(name), 'before');
      const made = await createSandbox(inside({ directory, overlay: 'list' }));
      try {
        // One is deleted, the others are changed or replaced by a directory, each by its bytes.
        const octal = names.map((name) =>
          [...name].map((one) => `\\${one.toString(8).padStart(3, '0')}`).join(''),
        );
        const script = octal.map((name, i) => {
          const path = `"$(printf '/data/${name}x')"`;
          const work = ['rm "$p"', 'echo after > "$p"', 'rm "$p"; mkdir "$p"; echo new > "$p/new"'][
            i % 3
          ];
          return `p=${path}; p=\${p%x}; ${work}`;
        });
        expect(await sh(made, script.join('; '))).toBe('');
        const found = (await made.changes())
          .filter(({ path }) => Buffer.from(path).toString('latin1').startsWith('/data/'))
          .map(({ path, kind }) => `${hexOf(path)} ${kind}`);
        const expected = names.flatMap((name, i) => {
          const path = hexOf(at(name, '/data'));
          const inner = i % 3 === 2 ? [`${path}${hexOf('/new')} added`] : [];
          return [`${path} ${i % 3 === 0 ? 'deleted' : 'modified'}`, ...inner];
        });
        expect(found.sort()).toEqual(expected.sort());
        const listed = await made.files.list('/data');
        const left = names.filter((_, i) => i % 3 !== 0);
        const usual = ['kept', 'changed', 'removed', 'sub'].map((one) => Buffer.from(one));
        expect(listed.map(({ name }) => hexOf(name)).sort()).toEqual(
          [...left, ...usual].map(hexOf).sort(),
        );
        for (const { name, type } of listed) {
          const path = Buffer.concat([Buffer.from('/data/'), Buffer.from(name)]);
          if (type === 'directory') await made.files.list(path);
          else await made.files.read(path);
          if (type === 'file') await made.files.write(path, 'again');
        }
        expect((await made.files.list('/data')).length).toBe(listed.length);
      } finally {
        await made.stop();
        for (const name of names) rmSync(at(name), { recursive: true, force: true });
      }
    }),
    { numRuns: 8 },
  );
}, 120_000);

test('changes() does not leave the layer while a command swaps directories for links', async () => {
  const directory = image();
  const elsewhere = outside();
  writeFileSync(join(elsewhere, 'of-the-host'), '');
  const made = await box(inside({ directory, overlay: 'list' }));
  // In turn a directory, a link that leads outside for a caller that follows it, and nothing.
  const swap = `chdir "/data"; $| = 1; mkdir "real"; print "up\n";
    while (1) { rename "real", "d"; rename "d", "real"; symlink "${elsewhere}", "d"; unlink "d" }`;
  const child = await made.spawn('perl', ['-e', swap]);
  for await (const line of child.lines) if (line === 'up') break;
  const seen = new Set<string>();
  for (let round = 0; round < 1500; round++) {
    for (const { path } of await made.changes()) seen.add(String(path));
  }
  expect(seen).toContain('/data/d');
  expect([...seen].filter((path) => path.includes('of-the-host'))).toEqual([]);
}, 120_000);

test('a hard link to a file below the overlay is one to a copy', async () => {
  const directory = image();
  const made = await box(inside({ directory, overlay: 'discard' }));
  const attack = 'ln /data/kept /data/other && echo after > /data/other; chmod 777 /data/other';
  expect(await sh(made, `${attack}; cat /data/kept`)).toBe('after');
  expect(readFileSync(join(directory, 'data/kept'), 'utf8')).toBe('before');
  expect(statSync(join(directory, 'data/kept'))).toMatchObject({ nlink: 1, mode: 0o100644 });
});

test('changes that are kept are there for the next sandbox', async () => {
  const directory = image();
  const keep = join(outside(), 'kept');
  const options = inside({ directory, overlay: { keep } });
  const first = await createSandbox(options);
  await sh(first, 'echo kept > /data/new');
  await first.stop();
  const second = await box(options);
  expect(await sh(second, 'cat /data/new')).toBe('kept');
  rmSync(join(keep, 'work/work'), { recursive: true, force: true });
});

test('a directory can be the root, read-only unless it may be written', async () => {
  const directory = image();
  mkdirSync(join(directory, 'usr'));
  for (const name of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(directory, name));
  const options = { user: 'root', readable: ['/usr'] } as const;
  const closed = await box({ ...options, root: { directory } });
  expect(await sh(closed, 'touch /data/x')).toContain('Read-only file system');
  const open = await box({ ...options, root: { directory, writable: true } });
  await sh(open, 'touch /data/x');
  expect(existsSync(join(directory, 'data/x'))).toBe(true);
});
