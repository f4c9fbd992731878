import { mkdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Namespace, spawn, Watch } from '@ns/core';
import { AT, MNT, type NamespaceTarget } from '@ns/core/authors';
import { fdCount, skipUnlessKernel, skipUnlessRoot } from '@ns/core/testing';
import { describe, expect, onTestFinished, type TestContext, test } from 'vitest';
import type { Mount } from '../mounts.js';
import { attach, bind, move, umount } from '../operations.js';
import { remount } from '../remount.js';
import { runInNamespace } from '../run-in-namespace.js';
import { mount } from '../spec.js';
import { asRoot, scratchDirectory } from '../testing.js';
import { comparedTables, type OpenSource } from './change-source.js';
import { listMounts } from './list-mounts.js';
import { MountTable, type TableChange } from './mount-table.js';
import { reportedChanges } from './reported-changes.js';
import { watchMounts } from './watch-mounts.js';

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

/** The namespace of a test. */
type Place = { readonly in: NamespaceTarget };

/** Opens the source of the kernel's reports, and fails without them. */
const reported: OpenSource = (target, wake) => {
  const source = reportedChanges(target, wake);
  if (!source) throw new Error('the kernel does not report mount events');
  return source;
};

function begin(context: TestContext, place: Place, open: OpenSource): Watch<TableChange> {
  if (open === reported) {
    skipUnlessKernel(context, '6.15');
    skipUnlessRoot(context);
  }
  const changes = new Watch((wake) => open(place.in, wake));
  onTestFinished(() => changes.close());
  return changes;
}

/**
 * Returns all changes up to now: those before the mount at `end`, which is made for this. It is a bind
 * mount: a tmpfs can get id and device of one that has gone, and then counts as the same one, moved.
 */
async function upTo(
  changes: Watch<TableChange>,
  end: string,
  place: Place,
): Promise<TableChange[]> {
  bind(end, end, place);
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
  test('report mounts that are attached, changed, moved and unmounted', async (context) => {
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
    const table = new Map(listMounts(place).map((one) => [one.id, one]));
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
    const now = listMounts(place).filter(({ target }) => target !== end);
    const mounts = (list: Iterable<{ id: number; target: string }>) =>
      [...list].map(({ id, target }) => `${id} ${target}`).sort();
    expect(mounts(table.values())).toEqual(mounts(now));
  });

  test('are reported for whole trees', async (context) => {
    const place = { in: await sleeper() };
    const [source = '', target = '', end = ''] = directories('source', 'target', 'end');
    attach({ type: 'tmpfs', target: source }, place);
    runInNamespace(place.in, (program) => {
      program.call('mkdirat', AT.FDCWD, join(source, 'a b'), 0o755);
    });
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
  runInNamespace(place.in, (program) => {
    for (let i = 0; i < 8200; i++) {
      program.call('mount', 'none', target, 'tmpfs', 0, null);
      program.call('umount2', target, MNT.DETACH); // others may look at it
    }
  });
  attach({ type: 'tmpfs', target: last }, place);
  expect(told(await upTo(changes, end, place))).toEqual([`attached ${last}`]);
});

test('targets begin at the root of the process that is named', async () => {
  const top = scratchDirectory();
  const pid = await sleeper(['chroot', top, 'sleep', '60'], { source: '/', target: top });
  await expect.poll(() => readlinkSync(`/proc/${pid}/root`)).toBe(top);
  using changes = watchMounts({ in: pid });
  attach({ type: 'tmpfs', target: join(top, 'mnt') }, { in: pid });
  expect((await changes.next()).value).toMatchObject({
    kind: 'attached',
    mount: { target: '/mnt' },
  });
});

test('a loop can be left, and the watch is closed', async () => {
  const pid = await sleeper();
  const target = scratchDirectory();
  const changes = watchMounts({ in: pid });
  attach({ type: 'tmpfs', target }, { in: pid });
  for await (const { kind } of changes) {
    expect(kind).toBe('attached');
    break;
  }
  expect(await changes.next()).toEqual({ done: true, value: undefined });
});

test('watchMounts ends with an AbortError when its signal fires', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const changes = watchMounts({ signal: controller.signal });
  const next = changes.next();
  controller.abort(reason);
  await expect(next).rejects.toMatchObject({
    name: 'AbortError',
    code: 'ABORT_ERR',
    cause: reason,
  });
  expect(await changes.return()).toEqual({ done: true, value: undefined });
});

test('watchMounts throws an AbortError if its signal has fired', () => {
  const before = fdCount();
  expect(() => watchMounts({ signal: AbortSignal.abort() })).toThrow(
    expect.objectContaining({ name: 'AbortError' }),
  );
  expect(fdCount()).toBe(before);
});

test('close ends the waiting of a reader, and a second one does nothing', async () => {
  const changes = watchMounts();
  const next = changes.next();
  changes.close();
  changes.close();
  expect(await next).toEqual({ done: true, value: undefined });
});

test('watchMounts names a wrong option', () => {
  expect(() => watchMounts({ of: 1 } as never)).toThrow('options.of is not known');
  expect(() => watchMounts({ in: '1' as never })).toThrow(
    "options.in must be a handle of a mount namespace, a pid or 'self', got '1'",
  );
  expect(() => watchMounts({ in: 1.5 })).toThrow(RangeError);
  using net = Namespace.current('net');
  expect(() => watchMounts({ in: net })).toThrow(TypeError);
});
