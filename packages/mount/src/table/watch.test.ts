import { mkdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Namespace, spawn } from '@ns/core';
import { AT, MNT } from '@ns/core/authors';
import { skipUnlessKernel, skipUnlessRoot } from '@ns/core/testing';
import { describe, expect, onTestFinished, type TestContext, test } from 'vitest';
import { remount } from '../change.js';
import type { Mount } from '../mounts.js';
import { attach, bind, move, umount } from '../operations.js';
import { type Place, perform } from '../perform.js';
import { mount } from '../spec.js';
import { asRoot, scratchDirectory } from '../testing.js';
import { mountinfo } from './read.js';
import { reportedChanges } from './reported.js';
import { comparedTables, type OpenSource } from './source.js';
import { MountTable, type TableChange } from './table.js';
import { MountWatch, watch } from './watch.js';

/** A process in a mount namespace of its own. */
async function sleeper(
  [command = '', ...args]: string[] = ['sleep', '60'],
  ...binds: { source: string; target: string }[]
): Promise<number> {
  const mounts = binds.map((one): Mount => ({ type: 'bind', ...one }));
  const child = await spawn(command, args, {
    namespaces: [asRoot(), mount({ mounts })],
    stdio: 'ignore',
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await child.exited;
  });
  return child.pid;
}

function directories(...names: string[]): string[] {
  const top = scratchDirectory();
  return names.map((name) => {
    const path = join(top, name);
    mkdirSync(path, { recursive: true });
    return path;
  });
}

/** Without another way to fall back to. */
const reported: OpenSource = (place, wake) => {
  const source = reportedChanges(place, wake);
  if (!source) throw new Error('mount events are not to be had');
  return source;
};

function begin(context: TestContext, place: Place, open: OpenSource): MountWatch {
  if (open === reported) {
    skipUnlessKernel(context, '6.15');
    skipUnlessRoot(context);
  }
  const changes = new MountWatch(place, open);
  onTestFinished(() => changes.close());
  return changes;
}

/** All changes up to now: those before the mount at `end`, which is made for this. */
async function upTo(changes: MountWatch, end: string, place: Place): Promise<TableChange[]> {
  attach({ type: 'tmpfs', target: end }, place);
  const seen: TableChange[] = [];
  for (;;) {
    const { value } = await changes.next();
    if (!value || value.mount.target === end) return seen;
    seen.push(value);
  }
}

const told = (list: TableChange[]) => list.map(({ kind, mount }) => `${kind} ${mount.target}`);

describe.each([
  ['reported by the kernel', reported],
  ['found by comparing tables', comparedTables],
])('changes %s', (_, open) => {
  test('tell what is mounted, changed, moved and unmounted', async (context) => {
    const place = { in: await sleeper() };
    const [first = '', second = ''] = directories('first', 'second');
    const changes = begin(context, place, open);
    const next = async () => (await changes.next()).value;
    attach({ type: 'tmpfs', target: first }, place);
    expect(await next()).toMatchObject({ kind: 'attached', mount: { target: first } });
    const waiting = next();
    remount(first, { noexec: true, ...place });
    expect(await waiting).toMatchObject({
      kind: 'changed',
      mount: { target: first, options: expect.arrayContaining(['noexec']) },
      before: { target: first },
    });
    move(first, second, place);
    const moved = { mount: { target: second }, before: { target: first } };
    expect(await next()).toMatchObject({ kind: 'changed', ...moved });
    umount(second, place);
    expect(await next()).toMatchObject({ kind: 'detached', mount: { target: second } });
  });

  test('are those of a namespace of which only a handle is left', async (context) => {
    const child = await spawn('sleep', ['60'], {
      namespaces: [asRoot(), mount()],
      stdio: 'ignore',
    });
    using namespace = Namespace.of(child.pid, 'mount');
    child.kill('SIGKILL');
    await child.exited;
    const [target = ''] = directories('target');
    const changes = begin(context, { in: namespace }, open);
    attach({ type: 'tmpfs', target }, { in: namespace });
    expect((await changes.next()).value).toMatchObject({ kind: 'attached', mount: { target } });
    umount(target, { in: namespace });
    expect((await changes.next()).value).toMatchObject({ kind: 'detached', mount: { target } });
  });

  test('lead from the table at the start to that at the end', async (context) => {
    const place = { in: await sleeper() };
    const names = Array.from({ length: 12 }, (_, i) => `d${i}`);
    const [end = '', ...targets] = directories('end', ...names);
    const table = new Map(mountinfo(place).map((one) => [one.id, one]));
    const changes = begin(context, place, open);
    let random = 7;
    for (let i = 0; i < 60; i++) {
      random = (random * 1103515245 + 12345) % 2 ** 31;
      const target = targets[random % targets.length] as string;
      if (MountTable.read(place).isMountPoint(target)) umount(target, place);
      else attach({ type: 'tmpfs', target }, place);
      if (i % 20 === 10) await new Promise(setImmediate);
    }
    for (const { kind, mount } of await upTo(changes, end, place)) {
      expect(table.has(mount.id)).toBe(kind !== 'attached');
      if (kind === 'detached') table.delete(mount.id);
      else table.set(mount.id, mount);
    }
    const now = mountinfo(place).filter(({ target }) => target !== end);
    const mounts = (list: Iterable<{ id: number; target: string }>) =>
      [...list].map(({ id, target }) => `${id} ${target}`).sort();
    expect(mounts(table.values())).toEqual(mounts(now));
  });

  test('are told for whole trees', async (context) => {
    const place = { in: await sleeper() };
    const [source = '', target = '', end = ''] = directories('source', 'target', 'end');
    attach({ type: 'tmpfs', target: source }, place);
    perform((program) => program.call('mkdirat', AT.FDCWD, join(source, 'a b'), 0o755), place);
    attach({ type: 'tmpfs', target: join(source, 'a b') }, place);
    const changes = begin(context, place, open);
    bind(source, target, place);
    expect(
      told([(await changes.next()).value, (await changes.next()).value] as TableChange[]),
    ).toEqual([`attached ${target}`, `attached ${target}/a b`]);
    umount(target, { detach: true, ...place });
    expect(told(await upTo(changes, end, place)).sort()).toEqual([
      `detached ${target}`,
      `detached ${target}/a b`,
    ]);
  });

  test('leave out what is undone before it is looked at', async (context) => {
    const place = { in: await sleeper() };
    const [target = '', end = ''] = directories('target', 'end');
    const changes = begin(context, place, open);
    attach({ type: 'tmpfs', target }, place);
    umount(target, place);
    expect(await upTo(changes, end, place)).toEqual([]);
  });
});

test('changes are not lost when there are more events than the kernel keeps', async (context) => {
  const place = { in: await sleeper() };
  const [target = '', last = '', end = ''] = directories('target', 'last', 'end');
  const changes = begin(context, place, reported);
  perform((program) => {
    for (let i = 0; i < 8200; i++) {
      program.call('mount', 'none', target, 'tmpfs', 0, null);
      program.call('umount2', target, MNT.DETACH); // others may look at it
    }
  }, place);
  attach({ type: 'tmpfs', target: last }, place);
  expect(told(await upTo(changes, end, place))).toEqual([`attached ${last}`]);
});

test('targets begin at the root of the process that is named', async () => {
  const top = scratchDirectory();
  const pid = await sleeper(['chroot', top, 'sleep', '60'], { source: '/', target: top });
  await expect.poll(() => readlinkSync(`/proc/${pid}/root`)).toBe(top);
  using changes = watch({ in: pid });
  attach({ type: 'tmpfs', target: join(top, 'mnt') }, { in: pid });
  expect((await changes.next()).value).toMatchObject({
    kind: 'attached',
    mount: { target: '/mnt' },
  });
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

test('wrong arguments are named', () => {
  expect(() => watch({ of: 1 } as never)).toThrow('watch has no option of');
  expect(() => watch({ in: '1' as never })).toThrow('in must be a namespace handle or a pid: 1');
  expect(() => watch({ in: 1.5 })).toThrow(RangeError);
  using net = Namespace.current('net');
  expect(() => watch({ in: net })).toThrow(TypeError);
});
