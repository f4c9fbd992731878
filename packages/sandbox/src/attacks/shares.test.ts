// Attacks on what the kernel counts for a user: a sandbox uses up what its caller or another sandbox has.
import { readFileSync } from 'node:fs';
import { run } from '@ns/core';
import { syscallNumber } from '@ns/core/sys';
import { isRoot } from '@ns/core/testing';
import { user } from '@ns/user';
import { expect, test } from 'vitest';
import { box, sh } from '../sandbox.testing.js';

const limit = Number(readFileSync('/proc/sys/fs/inotify/max_user_instances', 'utf8'));
const half = Math.floor(limit / 2);

/** Makes watchers until there are this many, tells how many there are, and keeps them. */
const watchers = (most: number, then = '') =>
  `perl -e '$| = 1; my $n = 0; $n++ while $n < ${most} && syscall(${syscallNumber('inotify_init1')}, 0) >= 0; print "$n\\n"; ${then}'`;

test('a sandbox gets half of the inotify instances of its caller', async () => {
  // One more than half: to take all of them would end the watches of others on this machine.
  const script = watchers(half + 1);
  const { stdout } = await run('sh', ['-c', script], { namespaces: [user()] });
  expect(Number(stdout)).toBe(half + 1);
  expect(Number(await sh(await box(), script))).toBe(half);
});

test('a sandbox of root takes none of the inotify instances of root and of another sandbox', async ({
  skip,
}) => {
  skip(!isRoot, 'sandboxes of an ordinary user are that user');
  const [first, second] = [await box(), await box()];
  const child = await first.spawn('sh', ['-c', watchers(limit, 'sleep 60')]);
  for await (const line of child.lines) {
    expect(Number(line)).toBe(half);
    break;
  }
  expect(Number(await sh(second, watchers(limit)))).toBe(half);
  const { stdout } = await run('sh', ['-c', watchers(half + 1)]);
  expect(Number(stdout)).toBe(half + 1);
});

test('a sandbox gets half of the signals and of the message queues of its caller', async () => {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const inside = await sh(await box(), 'cat /proc/self/limits');
  for (const title of ['Max pending signals', 'Max msgqueue size']) {
    const row = new RegExp(`^${title} +(\\d+) +(\\d+)`, 'm');
    const own = Number(row.exec(limits)?.[1]);
    const share = String(Math.floor(own / 2));
    expect(row.exec(inside)?.slice(1)).toEqual([share, share]);
  }
});

test('the share cannot be raised, not even with the capability for it', async () => {
  const raise = 'umount /proc/sys; echo 100000 > /proc/sys/user/max_inotify_instances';
  const made = await box({ user: 'root', capabilities: 'all' });
  expect(await sh(made, `${raise} && echo raised`)).not.toContain('raised');
  expect(Number(await sh(made, watchers(half + 1)))).toBe(half);
});
