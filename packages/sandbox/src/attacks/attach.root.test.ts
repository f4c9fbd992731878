// Attacks of a process on root, which attaches to it: it changes its namespaces meanwhile.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allNamespaceTypes, Namespace, type NamespaceProcess, spawn } from '@ns/core';
import { type FailableTest, seededRandom } from '@ns/core/testing';
import { expect, onTestFinished, test } from 'vitest';
import { attach } from '../attach.js';
import { outside } from '../sandbox.testing.js';

/** The attacker's ids. */
const STRANGER = 1000;

// Its text, since the attacker may not read the tree.
const RACER = readFileSync(join(import.meta.dirname, 'fixtures/racer.py'), 'utf8');

/** Starts the racer; each call of the function is one race, in which it waits up to `longest` seconds. */
async function racer(context: FailableTest) {
  const random = seededRandom(context);
  const directory = outside();
  chmodSync(directory, 0o755);
  const evil = join(directory, 'evil');
  writeFileSync(evil, '#!/bin/sh\necho evil; id -u; cat /proc/self/uid_map\n', { mode: 0o755 });
  const child: NamespaceProcess = await spawn('python3', ['-c', RACER, evil, String(STRANGER)], {
    uid: STRANGER,
    gid: STRANGER,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await child.exited;
  });
  const lines = child.lines[Symbol.asyncIterator]();
  const next = async () => {
    const { done, value } = await lines.next();
    if (done) throw new Error('the racer has ended');
    return value;
  };
  return async (longest: number, act: (pid: number, ready: () => Promise<string>) => unknown) => {
    child.stdin?.write(`${longest * random()}\n`);
    await act(Number(await next()), next);
    child.stdin?.write('\n');
    while ((await next()) !== 'over');
  };
}

/** Returns the namespaces that attach would join if it opened one namespace after the other, and asked for each. */
function openOneByOne(pid: number): string {
  const types = allNamespaceTypes.filter((type) => {
    using theirs = Namespace.of(pid, type);
    using own = Namespace.current(type);
    return !theirs.equals(own);
  });
  return types.join();
}

test('attach never runs the program of a process that unshares meanwhile with ids of the host', async (context) => {
  const race = await racer(context);
  let joinedAlone = 0;
  for (let i = 0; i < 2000 && joinedAlone < 1; i++) {
    await race(0.0015, (pid) => {
      if (openOneByOne(pid) === 'mount') joinedAlone++;
    });
  }
  expect(joinedAlone, 'the race is won against handles opened one by one').toBe(1);

  const outcomes = new Set<string>();
  for (let i = 0; i < 150; i++) {
    await race(0.004, async (pid, ready) => {
      const box = await attach(pid).catch((error: Error) => error);
      if (box instanceof Error) {
        outcomes.add(box.message.replaceAll(/\d+/g, 'N').split('\n')[0] as string);
        return;
      }
      await ready();
      const { stdout } = await box.run('true', [], { reject: false });
      await box.stop();
      outcomes.add(stdout.replaceAll(/ +/g, ' '));
    });
  }
  const [mapped, ...errors] = [...outcomes].sort().reverse();
  expect(mapped).toBe(`evil\n0\n 0 ${STRANGER} 1\n`);
  // Before it unshares, in between, and before its ids are mapped.
  for (const error of errors) {
    expect(error).toMatch(/^cannot (attach to process N|join mnt:\[N\]|open the namespaces): /);
  }
}, 120_000);

/** A process of this uid and its namespaces, which unshare(1) makes. */
async function started(command: readonly string[]): Promise<NamespaceProcess> {
  const [file = '', ...args] = command;
  const script = [...args, 'sh', '-c', 'echo ready; exec sleep 600'];
  const child = await spawn(file, script, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await child.exited;
  });
  for await (const line of child.lines) if (line === 'ready') break;
  return child;
}

test('attach to handles ends although the container stops the child that joins it', async () => {
  // An id of its own: the signal goes to all its processes.
  const stop = '$| = 1; print "ready\\n"; kill "STOP", -1 while 1';
  const unshare = ['--clear-groups', 'unshare', '-Urm', 'perl', '-e', stop];
  const container = await spawn('setpriv', ['--reuid=31416', ...unshare], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    container.kill('SIGKILL');
    await container.exited;
  });
  for await (const line of container.lines) if (line === 'ready') break;
  using user = Namespace.fromPidfd(container.pidfd, 'user');
  using mount = Namespace.fromPidfd(container.pidfd, 'mount');
  let error: unknown;
  for (let i = 0; i < 200 && error === undefined; i++) {
    await attach([user, mount]).then(
      (box) => box.stop(),
      (reason) => {
        error = reason;
      },
    );
  }
  expect(error).toMatchObject({ code: 'ETIMEDOUT' });
}, 60_000);

test('attach refuses a process that is in no other namespace than the caller', async () => {
  const child = await started(['env']);
  await expect(attach(child.pid)).rejects.toThrow(
    `cannot attach to process ${child.pid}: it is in the caller's own namespaces`,
  );
});

test('attach refuses the mount namespace of a user namespace that is not joined', async () => {
  const child = await started(['setpriv', '--reuid=1000', '--clear-groups', 'unshare', '-Urm']);
  using alone = Namespace.fromPidfd(child.pidfd, 'mount');
  using user = Namespace.fromPidfd(child.pidfd, 'user');
  await expect(attach([alone])).rejects.toThrow(`cannot join ${alone}: it belongs to ${user}`);
  const box = await attach([user, alone]);
  onTestFinished(() => box.stop());
  const { stdout } = await box.run('cat', ['/proc/self/uid_map']);
  expect(stdout.trim()).toMatch(/^0 +1000 +1$/);
});

test('attach runs commands with the ids of the process where it has no user namespace', async () => {
  const child = await started([
    'unshare',
    '-m',
    'setpriv',
    '--reuid=1000',
    '--regid=1000',
    '--clear-groups',
  ]);
  const box = await attach(child.pid);
  onTestFinished(() => box.stop());
  expect(Object.keys(box.namespaces)).toEqual(['mount']);
  const { stdout } = await box.run('sh', ['-c', 'id -u; id -g']);
  expect(stdout).toBe('1000\n1000\n');
});

test("attach refuses a process that is in a container's files with the ids of the host", async () => {
  const theirs = await started(['setpriv', '--reuid=1000', '--clear-groups', 'unshare', '-Urm']);
  const inside = await started(['nsenter', '-m', '-t', String(theirs.pid)]);
  await expect(attach(inside.pid)).rejects.toThrow(/^cannot join mnt:\[\d+\]: it belongs to user:/);
});
