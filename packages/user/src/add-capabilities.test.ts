import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createNamespace, hold, Namespace, run, runSync, spawn } from '@ns/core';
import { expect, test } from 'vitest';
import {
  addCapabilities,
  addRunAs,
  type CapabilityOptions,
  type CapabilityState,
  capabilitiesIn,
  formatCapabilities,
  parseCapabilities,
  readCapabilities,
  readMaxUserNamespaces,
  type UserOptions,
  user,
} from './index.js';

const uid = process.geteuid?.() ?? 0;
const gid = process.getegid?.() ?? 0;
const ALL = 41;

/** The capabilities of a command, and the text that they are from. */
async function inside(options: UserOptions): Promise<CapabilityState & { status: string }> {
  const { stdout } = await run('cat', ['/proc/self/status'], { namespaces: [user(options)] });
  return { ...parseCapabilities(stdout), status: stdout };
}

const only = (...names: string[]) => new Set(names);

test('root inside has every capability', async () => {
  const state = await inside({});
  expect(state.effective.size).toBe(ALL);
  expect(state.bounding.size).toBe(ALL);
  expect(state.inheritable.size).toBe(0);
});

test('a user other than root has no capabilities inside', async () => {
  const map = { uid: [{ inside: 5, outside: uid }], gid: [{ inside: 5, outside: gid }] };
  const state = await inside({ map });
  expect(state.effective.size).toBe(0);
  expect(state.permitted.size).toBe(0);
});

test('root has what is kept, and can gain no other', async () => {
  const state = await inside({ capabilities: { keep: ['net_admin', 'CAP_CHOWN'] } });
  const kept = only('cap_chown', 'cap_net_admin');
  expect(state).toMatchObject({ effective: kept, permitted: kept, bounding: kept });
  expect(state.inheritable.size + state.ambient.size).toBe(0);
});

test('root does without what is dropped', async () => {
  const state = await inside({ capabilities: { drop: ['cap_sys_admin'] } });
  expect(state.effective.size).toBe(ALL - 1);
  expect(state.effective.has('cap_sys_admin')).toBe(false);
  const nothing = await inside({ capabilities: { drop: 'all' } });
  expect(nothing.effective.size + nothing.bounding.size).toBe(0);
});

test('others have what is ambient', async () => {
  const map = { uid: [{ inside: 5, outside: uid }], gid: [{ inside: 5, outside: gid }] };
  const capabilities = { keep: ['net_raw', 'chown'], ambient: ['net_raw'] };
  const state = await inside({ map, capabilities });
  const raw = only('cap_net_raw');
  expect(state).toMatchObject({ effective: raw, permitted: raw, inheritable: raw, ambient: raw });
  expect(state.bounding).toEqual(only('cap_chown', 'cap_net_raw'));
  const all = await inside({ map, capabilities: { keep: ['kill', 'chown'], ambient: 'all' } });
  expect(all.ambient).toEqual(only('cap_chown', 'cap_kill'));
});

test('what is inheritable is given away by files only', async () => {
  const capabilities = { keep: ['net_raw', 'chown'], inheritable: ['chown'] };
  const state = await inside({ capabilities });
  expect(state.inheritable).toEqual(only('cap_chown'));
  expect(state.ambient.size).toBe(0);
  const both = { keep: 'all', inheritable: ['chown'], ambient: ['net_raw'] } as const;
  expect((await inside({ capabilities: both })).inheritable).toEqual(
    only('cap_chown', 'cap_net_raw'),
  );
});

test('getpcaps shows the same text of a command as we do', async ({ skip }) => {
  skip(!existsSync('/usr/sbin/getpcaps'), 'getpcaps is not installed (Debian: libcap2-bin)');
  const choices: CapabilityOptions[] = [
    { keep: 'all' },
    { drop: 'all' },
    { drop: ['sys_admin', 'bpf'] },
    { keep: ['net_raw', 'chown'], inheritable: ['chown'] },
    { keep: ['kill', 'net_raw', 'chown'], ambient: ['net_raw'], inheritable: 'all' },
  ];
  for (const capabilities of choices) {
    await using child = await spawn('cat', [], { namespaces: [user({ capabilities })] });
    // An exec closes descriptors, which is how it is noticed, before it takes the credentials.
    child.stdin?.write('here');
    if (child.stdout) await once(child.stdout, 'data');
    const { stdout } = runSync('/usr/sbin/getpcaps', [String(child.pid)]);
    expect(stdout.trim()).toBe(`${child.pid}: ${formatCapabilities(readCapabilities(child.pid))}`);
  }
});

test('securebits and no_new_privs are set and stay', async () => {
  const spec = { capabilities: { securebits: ['noroot'] as const, noNewPrivs: true } };
  const state = await inside(spec);
  expect(state.status).toMatch(/^NoNewPrivs:\s*1$/m);
  expect(state.effective.size).toBe(0); // with noroot, uid 0 gains no capabilities
});

test('nested user namespaces can be forbidden, and no process inside can allow them', async () => {
  const script = `
    cat /proc/sys/user/max_user_namespaces
    unshare --user true 2>/dev/null && echo made one
    (echo 9 > /proc/sys/user/max_user_namespaces) 2>/dev/null && echo allowed them
    true`;
  const { stdout } = await run('sh', ['-c', script], {
    namespaces: [user({ disableNested: true })],
  });
  expect(stdout).toBe('0\n');
  const state = await inside({ disableNested: true, capabilities: { drop: ['chown'] } });
  expect(state.bounding.size).toBe(ALL - 2);
  expect(readMaxUserNamespaces()).toBeGreaterThan(0);
});

test('which capabilities a process holds where follows the kernel', async () => {
  const child = await spawn('sleep', ['60'], { namespaces: [user()], stdio: 'ignore' });
  const below = Namespace.of(child.pid, 'user');
  const here = Namespace.current('user');
  try {
    expect(capabilitiesIn(child.pid, below).size).toBe(ALL);
    expect(capabilitiesIn(child.pid, here).size).toBe(0);
    // Its maker has all of them, be it root or not.
    expect(capabilitiesIn(process.pid, below).size).toBe(ALL);
    expect(capabilitiesIn(process.pid, here)).toEqual(
      parseCapabilities((await run('cat', [`/proc/${process.pid}/status`])).stdout).effective,
    );
  } finally {
    below.close();
    here.close();
    child.kill('SIGKILL');
    await child.exited;
  }
});

test('a user namespace can be held by a handle alone, and be joined', async () => {
  const namespace = createNamespace(user());
  try {
    const { stdout } = await run('id', ['-u'], { namespaces: [namespace] });
    expect(stdout).toBe('0\n');
    const again = await run('cat', ['/proc/self/uid_map'], { namespaces: [namespace] });
    expect(again.stdout.trim().split(/\s+/)).toEqual(['0', String(uid), '1']);
  } finally {
    namespace.close();
  }
});

test('user refuses wrong capabilities, owners and runAs before anything is started', () => {
  const wrong: [UserOptions, string][] = [
    [
      { capabilities: { keep: ['everything'] } },
      'user.capabilities.keep[0] must be the name of a capability',
    ],
    [
      { capabilities: { keep: [], drop: [] } },
      'user.capabilities must have keep or drop, not both',
    ],
    [{ capabilities: { keep: [], ambient: ['chown'] } }, 'cap_chown is not kept'],
    [{ capabilities: { keep: [], inheritable: ['kill'] } }, 'inheritable: cap_kill is not kept'],
    [{ map: null as unknown as 'root' }, 'map must be root, current'],
    [{ runAs: null as unknown as 'self' }, 'runAs must be'],
    [{ capabilities: 5 as unknown as CapabilityOptions }, 'capabilities must be an object'],
    [{ capabilities: { securebits: 'noroot' as unknown as [] } }, 'securebits must be an array'],
    [{ owner: 5 as unknown as { uid: 0; gid: 0 } }, 'owner must be an object'],
    [
      { capabilities: { securebits: ['magic' as 'noroot'] } },
      'user.capabilities.securebits[0] must be one of',
    ],
    [{ runAs: { uid: -1 } }, 'runAs.uid must be an integer'],
    [{ runAs: { groups: [2 ** 32] } }, 'runAs.groups[0] must be an integer'],
    [{ disableNested: 'yes' as unknown as boolean }, 'disableNested must be a boolean'],
    [
      { disableNested: true, capabilities: { ambient: ['sys_resource'] } },
      'user.capabilities.ambient: cap_sys_resource is taken by disableNested',
    ],
  ];
  for (const [options, message] of wrong) {
    expect(() => user(options)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(message) }),
    );
  }
});

test('a command that joins a user namespace gives up the capabilities that this has brought', async () => {
  await using held = await hold({ namespaces: [user()] });
  using joined = Namespace.fromPidfd(held.pidfd, 'user');
  const { stdout } = await run('cat', ['/proc/self/status'], {
    namespaces: [joined],
    prepare(child) {
      addRunAs(child, { uid: 0, gid: 0 });
      addCapabilities(child, { keep: ['cap_chown'] });
    },
  });
  const state = parseCapabilities(stdout);
  expect(state.effective).toEqual(only('cap_chown'));
  expect(state.bounding).toEqual(only('cap_chown'));
});
