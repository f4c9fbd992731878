// The rules of sharing memory with a child: what a child must not get, and what must not get at us.
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { NamespaceSpec } from '../program/spec.js';
import { F, PR } from '../sys/flags.js';
import { syscall } from '../sys/syscall.js';
import { rootMap, withInit } from '../testing/eight-namespaces.js';
import { run } from './run.js';
import { runSync } from './run-sync.js';
import { spawn } from './spawn.js';

const uid = process.getuid?.() ?? 0;

const F_GET_SEALS = 1034;
const F_SEAL_WRITE = 8;

const alone: NamespaceSpec = { type: 'pid' };

/** Holds a child on its way to the command. */
const slowly: NamespaceSpec = {
  type: 'uts',
  prepare: (child) => {
    const halfASecond = new Uint8Array(BigInt64Array.of(0n, 500_000_000n).buffer);
    child.program('settings').call('nanosleep', halfASecond, null);
  },
};

const ways = [
  { way: 'directly', namespaces: [] },
  { way: 'in a new user namespace', namespaces: [rootMap] },
  { way: 'through the runner', namespaces: [rootMap, alone] },
  { way: 'below our init', namespaces: [rootMap, withInit] },
];

test.each(ways)(
  'started $way, a command has default signals and none blocked',
  async ({ namespaces }) => {
    const handler = () => {};
    process.on('SIGUSR2', handler);
    try {
      const { stdout } = await run('cat', ['/proc/self/status'], { namespaces });
      const masks = Object.fromEntries(
        [...stdout.matchAll(/^(Sig(?:Blk|Ign|Cgt)):\s*(\w+)$/gm)].map(([, name, mask]) => [
          name,
          mask,
        ]),
      );
      const none = '0000000000000000';
      expect(masks).toEqual({ SigBlk: none, SigIgn: none, SigCgt: none });
    } finally {
      process.off('SIGUSR2', handler);
    }
  },
);

test('the thread that spawned has its own signal mask again', () => {
  const blocked = () =>
    /^SigBlk:\s*(\w+)$/m.exec(readFileSync('/proc/thread-self/status', 'utf8'))?.[1];
  const before = blocked();
  runSync('true');
  expect(() => runSync('/no/such/command')).toThrow();
  expect(blocked()).toBe(before);
});

test.each(ways)(
  'started $way, a command gets no descriptor that is not meant for it',
  async ({ namespaces }) => {
    const leak = openSync('/etc/passwd', 'r');
    const passed = openSync('/etc/hostname', 'r');
    try {
      for (const fd of [leak, passed]) syscall('fcntl', fd, F.SETFD, 0); // as an addon might
      const { stdout } = await run('ls', ['-l', '/proc/self/fd'], {
        namespaces,
        passFds: [passed],
      });
      const open = [...stdout.matchAll(/ (\d+) -> (?!\/proc\/\d+\/fd$)/gm)].map(([, fd]) =>
        Number(fd),
      );
      expect(open.sort((a, b) => a - b)).toEqual([0, 1, 2, passed].sort((a, b) => a - b));
    } finally {
      closeSync(leak);
      closeSync(passed);
    }
  },
);

/** Files that our children have open which are in the runner by now. */
function filesOfRunners(): string[] {
  const children = readdirSync('/proc/self/task').flatMap((tid) =>
    readFileSync(`/proc/self/task/${tid}/children`, 'utf8').split(' ').filter(Boolean),
  );
  return children
    .filter((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'ns-runner\n')
    .flatMap((pid) =>
      readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`)),
    );
}

test('a child that is starting has only its own descriptors and two pipes', async ({ skip }) => {
  skip(uid !== 0, 'it is not dumpable, so only root may see its descriptors');
  const leak = openSync('/etc/passwd', 'r');
  syscall('fcntl', leak, F.SETFD, 0);
  try {
    const namespaces = [rootMap, withInit, slowly];
    const starting = spawn('true', [], { namespaces, stdio: 'ignore' });
    let files: string[] = [];
    while (files.length === 0) {
      await sleep(5);
      files = filesOfRunners();
    }
    expect(files.map((file) => file.replace(/:.*/, '')).sort()).toEqual(
      ['/dev/null', '/dev/null', '/dev/null', 'pipe', 'pipe'].sort(),
    );
    await (await starting).exited;
  } finally {
    closeSync(leak);
  }
});

test('PID 1 of a pid namespace is a program of its own, without our memory, files or name', async () => {
  const child = await spawn('sleep', ['100'], { namespaces: [rootMap, withInit] });
  try {
    expect(readFileSync(`/proc/${child.pid}/maps`, 'utf8')).not.toMatch(/node|ns-job/);
    expect(readdirSync(`/proc/${child.pid}/fd`)).toEqual(['0']); // where it reports
    expect(readFileSync(`/proc/${child.pid}/comm`, 'utf8')).toBe('ns-runner\n');
    expect(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').split('\0')[0]).toBe('ns-runner');
    const program = openSync(`/proc/${child.pid}/exe`, 'r');
    const seals = syscall('fcntl', program, F_GET_SEALS);
    closeSync(program);
    expect(seals & F_SEAL_WRITE).toBe(F_SEAL_WRITE); // it cannot be overwritten through /proc/PID/exe
  } finally {
    child.kill('SIGKILL');
    await child.exited;
  }
});

test('this process stays dumpable, whatever credentials its children change', async () => {
  const dumpable = () => syscall('prctl', PR.GET_DUMPABLE, 0, 0, 0, 0);
  const before = dumpable();
  await run('true', [], { namespaces: [rootMap, withInit], uid: 0, gid: 0 });
  runSync('true', [], { namespaces: [rootMap] });
  if (uid === 0) runSync('true', [], { uid: 12345, gid: 12345 });
  expect(dumpable()).toBe(before);
});

test('nothing is run by a shell', () => {
  const { stdout } = runSync('echo', ['$(id); `id` ; id | id']);
  expect(stdout).toBe('$(id); `id` ; id | id\n');
});
