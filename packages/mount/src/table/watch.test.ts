import { spawn } from '@ns/core';
import { expect, onTestFinished, test } from 'vitest';
import { remount } from '../change.js';
import { attach, umount } from '../operations.js';
import { mount } from '../spec.js';
import { asRoot, scratchDirectory } from '../testing.js';
import { watch } from './watch.js';

async function sleeper(): Promise<number> {
  const child = await spawn('sleep', ['60'], { namespaces: [asRoot(), mount()], stdio: 'ignore' });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await child.exited;
  });
  return child.pid;
}

test('mounting, changing and unmounting are seen', async () => {
  const pid = await sleeper();
  const target = scratchDirectory();
  using changes = watch({ in: pid });
  attach({ type: 'tmpfs', target }, { in: pid });
  expect((await changes.next()).value).toMatchObject({ kind: 'attached', mount: { target } });
  const next = changes.next();
  remount(target, { noexec: true, in: pid });
  expect((await next).value).toMatchObject({
    kind: 'changed',
    mount: { target, options: expect.arrayContaining(['noexec']) },
    before: { target },
  });
  umount(target, { in: pid });
  expect((await changes.next()).value).toMatchObject({ kind: 'detached', mount: { target } });
});

test('a loop can be left, and the watch is closed', async () => {
  const pid = await sleeper();
  const target = scratchDirectory();
  const changes = watch({ in: pid });
  attach({ type: 'tmpfs', target }, { in: pid });
  for await (const { kind } of changes) {
    expect(kind).toBe('attached');
    break;
  }
  expect(await changes.next()).toEqual({ done: true, value: undefined });
});

test('a signal ends the waiting', async () => {
  const controller = new AbortController();
  const changes = watch({ signal: controller.signal });
  const next = changes.next();
  controller.abort(new Error('enough'));
  await expect(next).rejects.toThrow('enough');
  expect(await changes.return()).toEqual({ done: true, value: undefined });
});

test('closing ends the waiting', async () => {
  const changes = watch();
  const next = changes.next();
  changes.close();
  expect(await next).toEqual({ done: true, value: undefined });
});
