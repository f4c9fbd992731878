// File systems that a container serves itself, and never answers for (SECURITY.md S6). Root alone may
// open /dev/fuse on every machine.
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { spawn } from '@ns/core';
import { mount } from '@ns/mount';
import { pid } from '@ns/pid';
import { expect, onTestFinished, test } from 'vitest';
import { attach } from '../attach.js';
import { hasLocalMountsOnly } from '../files/local-mounts.js';

/** Answers FUSE_INIT, reads every other request, and leaves it at that: who waits cannot be killed. */
const daemon = `
  $| = 1; open(my $fuse, "+<", "/dev/fuse") or die "open: $!"; my $fd = fileno($fuse);
  $^F = 255; fcntl($fuse, 2, 0);
  system("mount", "-i", "-t", "fuse", "none", "/mnt/served", "-o",
    "fd=$fd,rootmode=40000,user_id=0,group_id=0,allow_other") == 0 or die "mount";
  sysread($fuse, my $request, 1 << 20); my ($unique) = unpack("x8 Q", $request);
  syswrite($fuse, pack("L l Q L L L L S S L L x36", 80, 0, $unique, 7, 31, 4096, 0, 16, 12, 4096, 1));
  print "up\\n"; while (sysread($fuse, $request, 1 << 20)) {}
`;

async function container() {
  const namespaces = [mount({ mounts: [{ type: 'tmpfs', target: '/mnt' }] }), pid()];
  const script = `mkdir /mnt/served /mnt/plain; exec perl -e '${daemon}'`;
  const child = await spawn('sh', ['-c', script], {
    namespaces,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await child.exited;
  });
  for await (const line of child.lines) if (line === 'up') break;
  return child;
}

test('hasLocalMountsOnly is false where a process sees a file system that another one serves', async ({
  skip,
}) => {
  if (!existsSync('/dev/fuse')) skip('this kernel has no FUSE');
  expect(hasLocalMountsOnly((await container()).pid)).toBe(false);
});

test('files of a container whose file system does not answer fail in time, and nothing else waits', async ({
  skip,
}) => {
  if (!existsSync('/dev/fuse')) skip('this kernel has no FUSE');
  const box = await attach((await container()).pid);
  onTestFinished(() => box.stop());
  const order: string[] = [];
  const done = (name: string) => () => order.push(name);
  // More than libuv has threads.
  const operations = ['a', 'b', 'c', 'd', 'e', 'f'].flatMap((name) => [
    box.files.read(`/mnt/served/${name}`),
    box.files.write(`/mnt/served/${name}`, 'x'),
  ]);
  operations.push(box.files.list('/mnt/served') as Promise<never>);
  const all = Promise.allSettled(operations).then((results) => {
    done('operations')();
    return results;
  });
  await stat('/').then(done('stat'));
  await new Promise((resolve) => setTimeout(resolve, 10)).then(done('timer'));
  // Beside it, all goes on.
  await box.files.write('/mnt/plain/x', 'from outside');
  expect(await box.files.read('/mnt/plain/x', { encoding: 'utf8' })).toBe('from outside');
  expect(await box.files.list('/mnt/plain')).toEqual([{ name: 'x', type: 'file' }]);
  done('plain')();
  for (const result of await all) {
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ETIMEDOUT' } });
  }
  expect(order).toEqual(['stat', 'timer', 'plain', 'operations']);
}, 60_000);
