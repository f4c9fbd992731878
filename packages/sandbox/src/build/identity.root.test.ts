// The ids outside of the commands of root.
import { chownSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Namespace } from '@ns/core';
import { expect, test } from 'vitest';
import { parseSandboxOptions } from '../options/members.js';
import type { SandboxOptions } from '../options/types.js';
import { plan } from '../plan.js';
import { box, outside, ownTemporaries, sh } from '../sandbox.testing.js';
import { identityOf } from './identity.js';

const OF_ALL = 0x7fff_6e73;

/** Returns the uid outside of a command in a sandbox. */
async function uidOf(options: SandboxOptions): Promise<number> {
  const made = await box(options);
  const child = await made.spawn('sleep', ['60'], { stdio: 'ignore' });
  return Number(/^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]);
}

test('each sandbox of root that keeps no files has an id of its own', async () => {
  const options: SandboxOptions[] = [{}, {}, { user: 'nobody' }, { user: { uid: 7 } }];
  const ids = await Promise.all(options.map(uidOf));
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) {
    expect(id).toBeGreaterThanOrEqual(0x7800_0000);
    expect(id).toBeLessThan(0x7ffe_0000);
  }
});

test('sandboxes whose files last are the same user', async () => {
  const directory = outside();
  const root = { directory: '/', writable: true };
  const all: SandboxOptions[] = [
    { writable: [directory] },
    { mounts: [{ type: 'bind', source: directory, target: '/mnt/x' }] },
    { root },
    { root: { directory: '/', overlay: 'discard' } },
    { root: { directory: '/', overlay: { keep: '/var/tmp/keep' } } },
    { root: { tar: '/x.tar', overlay: { keep: '/var/tmp/keep' } } },
  ];
  for (const options of all)
    expect(identityOf(parseSandboxOptions(options)).outside.uid).toBe(OF_ALL);
  const first = await box({ writable: [directory] });
  await first.run('sh', ['-c', `umask 077; echo of the first > ${directory}/file`]);
  await first.stop();
  const second = await box({ writable: [directory] });
  expect(await sh(second, `cat ${directory}/file; rm ${directory}/file`)).toBe('of the first');
});

test('an overlay that is kept is read and written by the next sandbox', async () => {
  ownTemporaries();
  const lower = outside();
  for (const name of ['dev', 'proc', 'sys', 'tmp', 'usr', 'bin', 'lib', 'lib64', 'data']) {
    mkdirSync(join(lower, name));
  }
  const keep = join(outside(), 'keep');
  mkdirSync(keep);
  chownSync(lower, OF_ALL, OF_ALL);
  const options: SandboxOptions = {
    root: { directory: lower, overlay: { keep } },
    readable: ['/usr', '/bin', '/lib', '/lib64'],
  };
  const first = await box(options);
  expect(await sh(first, 'umask 077; echo kept > /file')).toBe('');
  await first.stop();
  expect(await sh(await box(options), 'cat /file; echo more >> /file && wc -l < /file')).toBe(
    'kept\n2',
  );
});

test('the user namespace belongs to the ids of the commands, and to no process of the host', async () => {
  const made = await box();
  const { user } = made.namespaces;
  expect(user?.ownerUid()).toBeGreaterThanOrEqual(0x7800_0000);
  // Ids that others of the host may have own nothing.
  const mapped = await box({ user: { map: { uid: [{ inside: 5, outside: 65_534 }] }, uid: 5 } });
  expect((mapped.namespaces.user as Namespace).ownerUid()).toBe(0);
});

test('with a way outside, root owns the user namespace, as pasta(1) demands', () => {
  expect(identityOf(parseSandboxOptions({ network: 'private' })).owner).toBeUndefined();
  expect(identityOf(parseSandboxOptions({ network: 'host' })).owner).toBeDefined();
});

test('clocks have offsets where the commands have ids of their own', async () => {
  const made = await box({ time: { boottime: '1000000s' } });
  expect(Number(await sh(made, 'cut -d. -f1 /proc/uptime'))).toBeGreaterThan(1_000_000);
});

test('a plan names ids that a sandbox could take, always the same', () => {
  expect(plan().user.outside).toEqual({ uid: 0x7800_0000, gid: 0x7800_0000 });
  expect(plan({ writable: ['/srv'] }).user.outside).toEqual({ uid: OF_ALL, gid: OF_ALL });
});
