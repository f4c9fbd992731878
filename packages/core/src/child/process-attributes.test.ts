// Attributes of the child's process, read back inside it.
import { readFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { expect, test } from 'vitest';
import { run } from '../commands/run.js';
import type { NamespaceSpec } from '../program/spec.js';
import { syscallNumber } from '../sys/numbers.js';

const withInit: NamespaceSpec = { type: 'pid', prepare: (child) => child.useInit() };
const root = process.getuid?.() === 0;
const ways = root ? [[], [withInit]] : [[]];

const status = async (field: string, options: object) => {
  const { stdout } = await run('cat', ['/proc/self/status'], options);
  return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(stdout)?.[1];
};

test.each(ways.map((namespaces) => ({ namespaces, count: namespaces.length })))(
  'limits, priority, mask and processors arrive (with $count namespaces)',
  async ({ namespaces }) => {
    const { stdout } = await run('cat', ['/proc/self/limits'], {
      namespaces,
      rlimits: { nofile: { soft: 100, hard: 200 }, core: 0, cpu: 60 },
    });
    expect(stdout).toMatch(/^Max open files\s+100\s+200\s/m);
    expect(stdout).toMatch(/^Max core file size\s+0\s+0\s/m);
    expect(stdout).toMatch(/^Max cpu time\s+60\s+60\s/m);
    expect(await status('Umask', { namespaces, umask: 0o077 })).toBe('0077');
    expect(await status('NoNewPrivs', { namespaces, noNewPrivileges: true })).toBe('1');
    expect(await status('NoNewPrivs', { namespaces })).toBe('0');
    expect(await status('Cpus_allowed_list', { namespaces, cpuAffinity: [0] })).toBe('0');
    const lower = Math.min(getPriority() + 7, 19); // an ordinary user cannot raise it
    const nice = await run('nice', [], { namespaces, nice: lower });
    expect(nice.stdout).toBe(`${lower}\n`);
    const oom = await run('cat', ['/proc/self/oom_score_adj'], { namespaces, oomScoreAdjust: 300 });
    expect(oom.stdout).toBe('300\n');
  },
);

test('this process keeps its own', async () => {
  const own = () => [
    readFileSync('/proc/self/limits', 'utf8'),
    readFileSync('/proc/self/oom_score_adj', 'utf8'),
    getPriority(),
    process.umask(),
    /^Cpus_allowed:.*$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[0],
  ];
  setPriority(getPriority());
  const before = own();
  await run('true', [], {
    rlimits: { nofile: 64 },
    oomScoreAdjust: 500,
    nice: 19,
    umask: 0o777,
    cpuAffinity: [0],
    noNewPrivileges: true,
  });
  expect(own()).toEqual(before);
});

test('a group of its own', async () => {
  const { stdout } = await run('cat', ['/proc/self/stat'], { processGroup: 0 });
  const [pid, , , , group] = stdout.replace(/\(.*\)/, 'x').split(' ');
  expect(group).toBe(pid);
});

test('a refused attribute is named, and the command is not run', async () => {
  const error = await run('true', [], { cpuAffinity: [8000] }).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: 'EINVAL', syscall: 'sched_setaffinity' });
});

test.each([
  ['options.rlimits.files is not known', { rlimits: { files: 5 } }],
  ['rlimits.nofile', { rlimits: { nofile: { soft: 2 } } }],
  ['rlimits.nofile', { rlimits: { nofile: 'many' } }],
  ['options.rlimits.nofile.sotf is not known', { rlimits: { nofile: { sotf: 2 } } }],
  ['options.rlimits must be an object', { rlimits: null }],
  ['rlimits.nofile', { rlimits: { nofile: -1 } }],
  ['rlimits.nofile', { rlimits: { nofile: { soft: 2, hard: 1 } } }],
  ['nice', { nice: 20 }],
  ['umask', { umask: 0o1000 }],
  ['oomScoreAdjust', { oomScoreAdjust: 1.5 }],
  ['cpuAffinity', { cpuAffinity: [] }],
  ['cpuAffinity[0]', { cpuAffinity: [-1] }],
  ['noNewPrivileges', { noNewPrivileges: 1 }],
  ['processGroup', { processGroup: 0, detached: true }],
  ['parentDeathSignal', { parentDeathSignal: 65 }],
  ['cgroup', { cgroup: -1 }],
])('a wrong %s is named', async (name, options) => {
  const error = await run('true', [], options as object).catch((e: unknown) => e);
  expect(error instanceof TypeError || error instanceof RangeError).toBe(true);
  expect(String(error)).toContain(name);
});

test('a filter of system calls is in force for the command and what it starts', async () => {
  // ld [nr]; jeq uname: ret ERRNO | EPERM; ret ALLOW
  const filter = new Uint8Array(32);
  const words = new DataView(filter.buffer);
  const list: [number, number, number, number][] = [
    [0x20, 0, 0, 0],
    [0x15, 0, 1, syscallNumber('uname')],
    [0x06, 0, 0, 0x0005_0001],
    [0x06, 0, 0, 0x7fff_0000],
  ];
  for (const [i, [code, yes, no, value]] of list.entries()) {
    words.setUint16(i * 8, code, true);
    words.setUint8(i * 8 + 2, yes);
    words.setUint8(i * 8 + 3, no);
    words.setUint32(i * 8 + 4, value, true);
  }
  const options = { seccomp: filter, noNewPrivileges: true, reject: false } as const;
  for (const namespaces of ways) {
    const { stderr } = await run('sh', ['-c', 'uname -r'], { ...options, namespaces });
    expect(stderr).toContain('Operation not permitted');
    expect(await status('Seccomp', { ...options, namespaces })).toBe('2');
  }
  expect(await status('Seccomp', {})).toBe('0');
  await expect(run('true', [], { seccomp: new Uint8Array(7) })).rejects.toThrow(RangeError);
  await expect(run('true', [], { seccomp: 'x' as never })).rejects.toThrow(TypeError);
});
