import { Namespace, spawn } from '@ns/core';
import { mount } from '@ns/mount';
import { pid } from '@ns/pid';
import { user } from '@ns/user';
import { uts } from '@ns/uts';
import { expect, onTestFinished, test } from 'vitest';
import { attach } from './attach.js';
import { createSandbox } from './create-sandbox.js';
import { sh } from './sandbox.testing.js';

/** Starts a container of another program. */
async function container() {
  const mounts = [{ type: 'tmpfs', target: '/mnt' } as const];
  const namespaces = [user(), mount({ mounts }), pid(), uts({ hostname: 'theirs' })];
  const child = await spawn('sleep', ['600'], { namespaces, stdio: 'ignore' });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await child.exited;
  });
  return child;
}

test('attach runs commands in a container, without its privileges', async () => {
  const child = await container();
  const box = await attach(child.pid);
  expect(Object.keys(box.namespaces).sort()).toEqual(['mount', 'pid', 'user', 'uts']);
  expect(await sh(box, 'cat /proc/sys/kernel/hostname; id -u; grep CapEff /proc/self/status')).toBe(
    'theirs\n0\nCapEff:\t0000000000000000',
  );
  await box.files.write('/mnt/x', 'from outside');
  expect(await sh(box, 'cat /mnt/x')).toBe('from outside');
  expect(box.usage().processes).toBe(2);
  await box.stop();
  expect(child.kill(0)).toBe(true); // it goes on
});

test('attach keeps the capabilities that options.capabilities names', async () => {
  const child = await container();
  const box = await attach(child.pid, { capabilities: ['cap_chown'] });
  onTestFinished(() => box.stop());
  expect(await sh(box, 'grep CapEff /proc/self/status')).toBe('CapEff:\t0000000000000001');
});

test('attach takes handles without a pid', async () => {
  const child = await container();
  const types = ['user', 'mount', 'pid', 'uts'] as const;
  const handles = types.map((type) => Namespace.fromPidfd(child.pidfd, type));
  const box = await attach(handles);
  for (const one of handles) one.close();
  expect(await sh(box, 'cat /proc/sys/kernel/hostname')).toBe('theirs');
  expect((await box.files.list('/')).length).toBeGreaterThan(5);
  await box.stop();
});

test('attach takes the handles of a sandbox without a mapped root user', async () => {
  const theirs = await createSandbox({ hostname: 'theirs' });
  onTestFinished(() => theirs.stop());
  const box = await attach(Object.values(theirs.namespaces));
  const own = await sh(theirs, 'id -u; id -g');
  expect(await sh(box, 'id -u; id -g')).toBe(own);
  expect(await sh(box, 'cat /proc/sys/kernel/hostname')).toBe('theirs');
  await box.stop();
});

test('attach rejects a dead pid, other targets and wrong options', async () => {
  await expect(attach(2 ** 22 - 1)).rejects.toMatchObject({ code: 'ESRCH' });
  await expect(attach('1' as never)).rejects.toThrow('target must be a pid or a list');
  await expect(attach(-1)).rejects.toThrow(RangeError);
  await expect(attach([])).rejects.toThrow('target must be a pid or a list');
  const child = await container();
  for (const [options, message] of [
    [{ hostname: 'x' }, 'options.hostname is not known; known: user, env'],
    [{ user: { uid: 'x', gid: 0 } }, 'options.user.uid must be an integer from 0'],
    [
      { user: { uid: 0 } },
      'options.user.gid must be an integer from 0 to 4294967294, got undefined',
    ],
    [{ user: 5 }, 'options.user must be an object, got 5'],
    [{ env: { A: 1 } }, 'options.env.A must be a string, got 1'],
  ] as const) {
    await expect(attach(child.pid, options as never)).rejects.toThrow(message);
  }
});
