// Root in a user namespace that a child joins has every capability over the child. It must never reach
// a child that has the caller's ids or memory: SECURITY.md S1. The class of CVE-2016-9962.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, expect, test } from 'vitest';
import { createNamespace } from '../child/create-namespace.js';
import { launch } from '../child/launch.js';
import { parseSpawn } from '../child/parse.js';
import { type ChildPlan, planChild } from '../child/plan.js';
import { hold } from '../commands/hold.js';
import { run } from '../commands/run.js';
import { runProgramSync } from '../commands/run-program.js';
import { runSync } from '../commands/run-sync.js';
import { spawn } from '../commands/spawn.js';
import { Namespace } from '../namespaces/namespace.js';
import { NamespaceProcess } from '../process/namespace-process.js';
import type { Call } from '../program/call.js';
import { Program } from '../program/program.js';
import type { NamespaceSpec } from '../program/spec.js';
import { CLONE, PR } from '../sys/flags.js';
import { syscallNumber } from '../sys/numbers.js';
import { syscall, trySyscall } from '../sys/syscall.js';
import {
  type Container,
  canMakeContainer,
  container,
  hasCallersIds,
  STRANGER,
  strangers,
} from './container.testing.js';

const isRoot = process.geteuid?.() === 0;
const why = 'it takes root, or subordinate ids and newuidmap(1)';

beforeEach(({ skip }) => skip(!canMakeContainer, why));

/** Holds a child on its way, where the enemy could act. */
const slowly: NamespaceSpec = {
  type: 'uts',
  prepare: (child) => {
    const moment = new Uint8Array(BigInt64Array.of(0n, 20_000_000n).buffer);
    child.program('settings').call('nanosleep', moment, null);
  },
};
const clock: NamespaceSpec = { type: 'time' };

/** Every way in which a child of the caller joins the container. */
const ways: readonly (readonly [string, (user: Namespace) => Promise<unknown> | unknown])[] = [
  ['run', (user) => run('sleep', ['0.3'], { namespaces: [user] })],
  ['run of its root', (user) => run('sleep', ['0.3'], { namespaces: [user], uid: 0, gid: 0 })],
  ['run, below an init', (user) => run('sleep', ['0.3'], { namespaces: [user], init: true })],
  ['run, in a network', (user) => run('sleep', ['0.3'], { namespaces: [user, { type: 'net' }] })],
  ['runSync, slowly', (user) => runSync('true', [], { namespaces: [user, slowly, clock] })],
  ['runSync, below PID 1', (user) => runSync('true', [], { namespaces: [user, { type: 'pid' }] })],
  [
    'hold',
    async (user) => {
      await using _held = await hold({ namespaces: [user] });
      await sleep(300);
    },
  ],
  [
    'createNamespace of a pid namespace',
    async (user) => {
      using _made = createNamespace('pid', { user });
      await sleep(300);
    },
  ],
  ['createNamespace of a network', (user) => createNamespace('net', { user }).close()],
  ['createNamespace of a user namespace', (user) => createNamespace('user', { user }).close()],
  [
    'runProgram',
    (user) => {
      const program = new Program();
      const moment = new Uint8Array(BigInt64Array.of(0n, 20_000_000n).buffer);
      program.call('nanosleep', moment, null);
      runProgramSync(program, { namespaces: [user] });
    },
  ],
];

const leavesIds = ({ name }: Call) => name !== 'setresuid' && name !== 'setresgid';

/** Starts a child as spawn does, but without changing its ids. */
async function unprotected({ user }: Container): Promise<void> {
  const checked = parseSpawn('sleep', ['0.3'], { namespaces: [user], stdio: 'ignore' });
  const edit: ChildPlan['edit'] = (entries) => entries.filter(leavesIds);
  const child = new NamespaceProcess(await launch({ ...planChild(checked), edit }), checked);
  await child.exited;
}

/** Returns the processes that the enemy found although it must never reach them. */
const lost = ({ found }: Container) =>
  found.filter((one) => hasCallersIds(one) || one.job || one.node);

/** Joins until the enemy has found something, since on a busy machine it may look too late. */
async function untilFound(enemy: Container, join: () => Promise<unknown> | unknown): Promise<void> {
  for (let i = 0; i < 50 && lost(enemy).length === 0; i++) await join();
}

test.each(ways)(
  '%s: root of the container finds no process with ids or memory of the caller',
  async (_, join) => {
    const enemy = await container();
    for (let i = 0; i < 3; i++) await join(enemy.user);
    expect(lost(enemy)).toEqual([]);
  },
);

test.each(ways)('%s: nor by stopping processes on their way', async (_, join) => {
  const enemy = await container('stop');
  for (let i = 0; i < 3; i++) await join(enemy.user);
  expect(lost(enemy)).toEqual([]);
});

// Where fs.suid_dumpable is 1, the kernel makes a process dumpable by each of these calls. To set that here
// would change the machine, so the calls of a child are looked at.
test('a child forbids tracing before it joins, and right after each change of its credentials', async () => {
  const enemy = await container();
  const namespaces = [enemy.user, { type: 'uts' }] as const;
  const checked = parseSpawn('true', [], { namespaces, stdio: 'ignore', uid: 0, gid: 0 });
  let calls: readonly Call[] = [];
  const edit: ChildPlan['edit'] = (entries) => {
    calls = entries;
    return entries;
  };
  const child = new NamespaceProcess(await launch({ ...planChild(checked), edit }), checked);
  await child.exited;
  const forbids = (call: Call | undefined) =>
    call?.name === 'prctl' && call.args[0] === PR.SET_DUMPABLE && call.args[1] === 0;
  const changes = ({ name, args }: Call) =>
    name.startsWith('setres') || (name === 'setns' && args[1] === CLONE.NEWUSER);
  const join = calls.findIndex(changes);
  expect(calls.slice(0, join).some(forbids)).toBe(true);
  const others = calls.slice(join).filter(({ name }) => name !== 'close');
  const unguarded = others.filter((call, i) => {
    const next = others[i + 1];
    return changes(call) && !forbids(next) && next?.name !== 'setresuid';
  });
  expect(unguarded).toEqual([]);
  expect(others.filter(changes).map(({ name }) => name)).toEqual([
    ...['setns', 'setresgid', 'setresuid', 'setresgid', 'setresuid'],
  ]);
});

test('without ids that are mapped, it finds them: the protection is what stops it', async () => {
  const enemy = await container();
  await untilFound(enemy, () => unprotected(enemy));
  expect(lost(enemy)).not.toEqual([]);
});

test('the memory of a child that is dumpable on its way would be found', async () => {
  const enemy = await container();
  const open: NamespaceSpec = {
    type: 'uts',
    prepare(child) {
      child.program('settings').call('prctl', PR.SET_DUMPABLE, 1, 0, 0, 0);
      slowly.prepare?.(child);
    },
  };
  await untilFound(enemy, () => run('true', [], { namespaces: [enemy.user, open] }));
  expect(lost(enemy).some(({ job }) => job)).toBe(true);
});

test('a command in a container has ids of its root, and no group of the caller', async ({
  skip,
}) => {
  skip(!isRoot, 'only root can give itself groups');
  const enemy = await container();
  const before = process.getgroups?.() ?? [];
  process.setgroups?.([0, 4, 42]);
  try {
    await using child = await spawn('sleep', ['100'], { namespaces: [enemy.user] });
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    const line = (name: string) => new RegExp(`^${name}:(.*)$`, 'm').exec(status)?.[1]?.trim();
    expect(line('Uid')).toBe(Array(4).fill(STRANGER).join('\t'));
    expect(line('Gid')).toBe(Array(4).fill(STRANGER).join('\t'));
    expect(line('Groups')).toBe('');
  } finally {
    process.setgroups?.(before);
  }
});

test('a command in a container has a session keyring of its own', async ({ skip }) => {
  const [GET_KEYRING_ID, JOIN_SESSION_KEYRING, SESSION_KEYRING] = [0, 1, -3];
  const joined = trySyscall('keyctl', JOIN_SESSION_KEYRING, null);
  skip(joined < 0, 'this kernel gives the caller no keyring');
  const enemy = await container();
  const number = syscallNumber('keyctl');
  const script = `import ctypes
print(ctypes.CDLL(None).syscall(${number}, ${GET_KEYRING_ID}, ${SESSION_KEYRING}, 0))`;
  // By this thread: a keyring is one thread's, and what it has made. A child without a join keeps it.
  const keyringOf = (namespaces: readonly Namespace[]) =>
    Number(runSync('python3', ['-c', script], { namespaces }).stdout);
  const own = syscall('keyctl', GET_KEYRING_ID, SESSION_KEYRING, 0);
  expect(keyringOf([])).toBe(own);
  expect(keyringOf([enemy.user])).not.toBe(own);
});

test('a process that is held in a container is in a session of its own, without a terminal', async () => {
  const enemy = await container();
  await using held = await hold({ namespaces: [enemy.user] });
  const stat = readFileSync(`/proc/${held.pid}/stat`, 'utf8');
  const [, , , session, terminal] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  expect({ session, terminal }).toEqual({ session: String(held.pid), terminal: '0' });
});

test('a user namespace without id maps can run no command', async () => {
  using user = createNamespace('user');
  await expect(run('true', [], { namespaces: [user] })).rejects.toThrow('without id maps');
  await expect(hold({ namespaces: [user] })).rejects.toMatchObject({ code: 'EINVAL' });
  using uts = createNamespace('uts', { user: user });
  expect(uts.type).toBe('uts');
});

test('a program of a mount namespace of strangers does not run with the ids of root', async ({
  skip,
}) => {
  skip(!isRoot, 'only root can join a mount namespace alone');
  await using child = await spawn('sleep', ['100'], {
    namespaces: [strangers, { type: 'mount' }],
    uid: 0,
    gid: 0,
  });
  using mount = Namespace.of(child.pid, 'mount');
  using user = Namespace.of(child.pid, 'user');
  const refusal = `cannot join ${mount}: it belongs to ${user}`;
  await expect(run('id', ['-u'], { namespaces: [mount] })).rejects.toThrow(refusal);
  expect(() => runSync('id', ['-u'], { namespaces: [mount] })).toThrow(refusal);
  const trusted = await run('cat', ['/proc/self/uid_map'], {
    namespaces: [mount],
    trustMounts: true,
  });
  expect(trusted.stdout).toMatch(/^ +0 +0 +4294967295\n$/);
  const joined = await run('cat', ['/proc/self/uid_map'], { namespaces: [user, mount] });
  expect(joined.stdout.trim()).toMatch(new RegExp(`^0 +${STRANGER} +1$`));
});

test('a command among strangers without a descriptor of the caller is in a session of its own', async () => {
  const enemy = await container();
  const script = 'set -- $(cat /proc/$$/stat); echo $(($1 - $6))';
  const namespaces = [enemy.user];
  expect((await run('sh', ['-c', script], { namespaces })).stdout).toBe('0\n');
  expect((await run('sh', ['-c', script])).stdout).not.toBe('0\n');
});
