// Attacks on a memory limit that rlimits enforce, for want of a cgroup.
import { existsSync } from 'node:fs';
import { syscallNumber } from '@ns/core/sys';
import { expect, test } from 'vitest';
import type { SandboxOptions } from '../options/types.js';
import { box, sh } from '../sandbox.testing.js';
import { expectToWithstand } from './attack.testing.js';

const limited = { cgroup: false, limits: { memory: '64M' } } satisfies SandboxOptions;
const open = { ...limited, seccomp: false } satisfies SandboxOptions;

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;
const PROT_READ = 1;
const PROT_READ_AND_WRITE = 3;
const MAP_POPULATE = 0x8000;
const MPROTECT = process.arch === 'arm64' ? 226 : 10;

const perl = (script: string) => `perl -e '$| = 1; ${script}'`;
const said = (result: string) => `print ${result} >= 0 ? "went through" : "refused: $!";`;
const number = syscallNumber;

/** Maps 160 MiB that are there at once. */
const map = (flags: number) =>
  perl(
    `my $r = syscall(${number('mmap')}, 0, ${160 * MiB}, ${PROT_READ_AND_WRITE}, ${flags | MAP_POPULATE}, -1, 0); ${said('$r')}`,
  );

const shared = map(0x21);
const grownDown = map(0x122);
const inFile = perl(
  `my $name = "x\\0"; my $fd = syscall(${number('memfd_create')}, $name, 0);
   open my $f, "+>&=", $fd or do { print "refused: $!"; exit };
   print $f "x" x ${MiB} for 1..160; close $f; print "went through";`,
);
const segment = perl(
  `my $id = shmget(0, ${160 * MiB}, 0600); defined $id or do { print "refused: $!"; exit };
   shmwrite($id, "x" x ${MiB}, $_ * ${MiB}, ${MiB}) for 0..159; print "went through"; shmctl($id, 0, 0);`,
);
const messages = perl(
  `my $id = msgget(0, 0600); defined $id or do { print "refused: $!"; exit }; print "went through"; msgctl($id, 0, 0);`,
);
const semaphores = perl(
  `my $id = semget(0, 30000, 0600); defined $id or do { print "refused: $!"; exit }; print "went through"; semctl($id, 0, 0, 0);`,
);

test.each([
  ['shared by a process and its children', shared],
  ['mapped as a stack', grownDown],
  ['in a file of memfd_create', inFile],
  ['in a System V segment', segment],
  ['in System V messages', messages],
  ['in System V semaphores', semaphores],
])('a limit of memory by rlimits is not exceeded by memory %s', async (_where, script) => {
  await expectToWithstand({ script, success: /went through/, sandbox: limited, open });
});

test('a process is ended by its addresses if it takes memory that no other rlimit counts', async () => {
  // Shared mappings of /dev/zero are memory that belongs to nothing.
  const zero = perl(
    `open my $z, "+<", "/dev/zero" or die; my $r = syscall(${number('mmap')}, 0, ${5 * GiB}, ${PROT_READ_AND_WRITE}, 1, fileno $z, 0); ${said('$r')}`,
  );
  await expectToWithstand({ script: zero, success: /went through/, sandbox: limited, open: {} });
  // Private pages are not counted as data once they are read-only.
  const readOnly = perl(
    `for my $i (1..80) {
       my $r = syscall(${number('mmap')}, 0, ${60 * MiB}, ${PROT_READ_AND_WRITE}, 0x22, -1, 0);
       if ($r < 0) { print "refused"; exit }
       syscall(${MPROTECT}, $r, ${60 * MiB}, ${PROT_READ}) == 0 or die;
     }
     print "went through"`,
  );
  await expectToWithstand({
    script: readOnly,
    success: /went through/,
    sandbox: limited,
    open: {},
  });
});

test('the limit of a process cannot be raised', async () => {
  const made = await box(limited);
  expect(await sh(made, 'ulimit -d; ulimit -d unlimited; ulimit -v unlimited')).toMatch(
    /^65536\n.*(error|not permitted)[\s\S]*(error|not permitted)/,
  );
});

test('programs that reserve addresses run with a limit of memory by rlimits', async () => {
  const made = await box({
    cgroup: false,
    limits: { memory: '512M', pids: 64 },
    readable: [process.execPath],
  });
  const programs: Readonly<Record<string, string>> = {
    [process.execPath]: `-p "new (require('node:worker_threads').Worker)('1', { eval: true }) && 7"`,
    '/usr/bin/perl': '-e "print 7"',
    '/usr/bin/java': '-version',
    '/usr/bin/gcc': '-x c -O2 -o /tmp/a.out /dev/null -c',
  };
  for (const [program, args] of Object.entries(programs)) {
    if (!existsSync(program)) continue;
    expect(await sh(made, `${program} ${args} > /tmp/out 2>&1 || cat /tmp/out`)).toBe('');
  }
});

test('the report tells what keeps the limits, for which processes, and what is not counted', async () => {
  const limits = { memory: '64M', pids: 50, files: 60 } as const;
  const made = await box({ cgroup: false, user: { uid: 7 }, limits });
  expect(made.report.limits).toEqual({
    memory: { keeper: 'rlimit', scope: 'process', uncounted: ['tmpfs', 'kernel'] },
    pids: { keeper: 'rlimit', scope: 'user' },
    files: { keeper: 'rlimit', scope: 'process' },
  });
  const unfiltered = await box({ ...limited, seccomp: false });
  expect(unfiltered.report.limits.memory?.uncounted).toEqual([
    ...['tmpfs', 'kernel', 'shared', 'memfd', 'ipc'],
  ]);
});
