import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { box, outside, sh } from '../sandbox.testing.js';

test('files are written and read as the commands see them', async () => {
  const made = await box();
  await made.files.write('/tmp/a', 'one', { mode: 0o600 });
  await made.files.write('tmp/a', 'two', { mode: 0o600 });
  expect(await sh(made, 'cat /tmp/a; stat -c %a:%u /tmp/a; id -u')).toMatch(/^two600:(\d+)\n\1$/);
  await sh(made, 'echo inside > /tmp/b; mkdir /tmp/c; ln -s /etc /tmp/d; mkfifo /tmp/e');
  expect(await made.files.read('/tmp/b')).toEqual(Buffer.from('inside\n'));
  const entries = await made.files.list('/tmp');
  expect(entries.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
    { name: 'a', type: 'file' },
    { name: 'b', type: 'file' },
    { name: 'c', type: 'directory' },
    { name: 'd', type: 'symlink' },
    { name: 'e', type: 'other' },
  ]);
});

test('what cannot be read or written is an error, and nothing waits', async () => {
  const made = await box();
  await sh(made, 'mkfifo /tmp/fifo; head -c 100 /dev/zero > /tmp/large; mkdir /tmp/directory');
  await expect(made.files.read('/tmp/fifo')).rejects.toThrow('not a regular file');
  await expect(made.files.read('/dev/zero')).rejects.toThrow('not a regular file');
  await expect(made.files.read('/tmp/large', { maxBytes: 99 })).rejects.toThrow('more than 99');
  await expect(made.files.read('/tmp/none')).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(made.files.write('/etc/x', '')).rejects.toMatchObject({ code: /EROFS|EACCES/ });
  await expect(made.files.write('/tmp/directory', '')).rejects.toMatchObject({ code: 'EISDIR' });
  await expect(made.files.write('/tmp/', '')).rejects.toThrow('path must be that of a file');
  expect(
    (await made.files.list('/tmp')).filter(({ name }) => String(name).startsWith('.ns')),
  ).toEqual([]);
});

test('no link and no .. leads out', async () => {
  const work = outside();
  const secret = join(outside(), 'secret');
  writeFileSync(secret, 'outside');
  mkdirSync(join(work, 'root'));
  const made = await box({
    root: 'empty',
    mounts: [{ type: 'bind', source: join(work, 'root'), target: '/data' }],
  });
  symlinkSync(secret, join(work, 'root/absolute'));
  symlinkSync(`../../../../../../../..${secret}`, join(work, 'root/relative'));
  symlinkSync('/proc/1/root', join(work, 'root/magic'));
  symlinkSync(work, join(work, 'root/directory'));
  const paths = ['absolute', 'relative', `../../../..${secret}`, `magic${secret}`];
  for (const path of paths) {
    await expect(made.files.read(`/data/${path}`)).rejects.toMatchObject({
      code: expect.stringMatching(/^(ENOENT|ELOOP|EACCES)$/),
    });
    // Known to be what the link leads to without the protection.
    if (!path.startsWith('magic') && !path.startsWith('..')) {
      expect(readFileSync(join(work, 'root', path), 'utf8')).toBe('outside');
    }
  }
  await expect(made.files.write('/data/directory/x', '')).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(made.files.list('/data/directory')).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a link of the name that is written is replaced, not followed', async () => {
  const made = await box();
  await sh(made, 'echo kept > /tmp/target; ln -s target /tmp/link');
  await made.files.write('/tmp/link', 'new');
  expect(await sh(made, 'cat /tmp/target /tmp/link')).toBe('kept\nnew');
});
