// Attacks by system calls that no namespace stops. Each is known to succeed without the filter.

import { syscallNumber } from '@ns/core/sys';
import { expect, test } from 'vitest';
import { box, sh } from '../sandbox.testing.js';
import { expectToWithstand, privileged } from './attack.testing.js';

/** Makes a system call, and says how it went. */
const call = (name: Parameters<typeof syscallNumber>[0], ...args: (string | number)[]) =>
  // Texts are memory that the kernel might write to, so they have to be in variables.
  `perl -e 'my @a = (${args.join(', ')}); $! = 0; my $r = syscall(${syscallNumber(name)}, @a); print $r >= 0 ? "went through" : "refused: $!"'`;

const open = { seccomp: false } as const;

test('keys cannot be made, nor looked for', async () => {
  const description = '"attack\\0"';
  await expectToWithstand({
    // A key of type user in the session keyring.
    script: call('add_key', '"user\\0"', description, '"secret"', 6, -3),
    success: /went through/,
    open,
  });
  await expectToWithstand({ script: call('keyctl', 0, -3, 1), success: /went through/, open });
});

test('io_uring, whose calls a filter does not see, cannot be set up', async ({ skip }) => {
  const script = call('io_uring_setup', 1, '"\\0" x 120');
  const without = await sh(await box(open), script);
  skip(!without.includes('went through'), 'this kernel refuses to make one');
  await expectToWithstand({ script, success: /went through/, open });
});

test('page faults cannot be held up', async ({ skip }) => {
  const USER_MODE_ONLY = 1;
  const script = call('userfaultfd', USER_MODE_ONLY);
  const without = await sh(await box(open), script);
  skip(!without.includes('went through'), 'this kernel refuses userfaultfd');
  await expectToWithstand({ script, success: /went through/, open });
});

test('programs and counters in the kernel cannot be made', async ({ skip }) => {
  const ARRAY = 'pack("L4", 2, 4, 4, 1) . "\\0" x 100'; // BPF_MAP_TYPE_ARRAY
  // PERF_TYPE_SOFTWARE without the kernel's share: a counter that needs no privilege.
  const CLOCK = 'pack("L2Q5", 1, 112, 0, 0, 0, 0, 96) . "\\0" x 64';
  const attacks = [call('bpf', 0, ARRAY, 72), call('perf_event_open', CLOCK, 0, -1, -1, 0)];
  const possible: string[] = [];
  for (const script of attacks) {
    if ((await sh(await box(open), script)).includes('went through')) possible.push(script);
  }
  for (const script of possible) {
    await expectToWithstand({ script, success: /went through/, open });
  }
  const made = await box();
  for (const script of attacks) expect(await sh(made, script)).toMatch(/^refused/);
  skip(possible.length === 0, 'this kernel refuses to make one');
});

test('no program of the host gets the core of one that is ended', async () => {
  // 1 is the limit at which the kernel starts none, whatever core_pattern says.
  const limit = 'grep "Max core" /proc/self/limits';
  expect(await sh(await box(), limit)).toMatch(/ 1 +1 +bytes/);
  const crash = "cd /tmp; sh -c 'kill -SEGV $$'; ls -A /tmp";
  expect(await sh(await box(), crash)).not.toMatch(/core$/m);
});

const SHOW_CORE_LIMIT = 'grep "Max core" /proc/$p/limits';

test.each([
  ['by setrlimit', `p=self; ulimit -S -c 0; ${SHOW_CORE_LIMIT}`],
  [
    'by another process',
    `sleep 60 & p=$!; prlimit --core=0:0 --pid $p; ${SHOW_CORE_LIMIT}; kill $p`,
  ],
  [
    'by a number with an upper half',
    `perl -e 'my $new = pack("Q2", 0, 0); syscall(${syscallNumber('prlimit64')}, 0, 2 ** 32 + 4, $new, 0); sleep 60' & p=$!
     for i in 1 2 3 4 5 6 7 8 9; do ${SHOW_CORE_LIMIT} | grep " 0 " && break; sleep 0.1; done; kill $p`,
  ],
])('the limit for cores is not lowered to 0 %s', async (_way, script) => {
  // At 0, the kernel would start the program of core_pattern on the host, as root.
  await expectToWithstand({ script, success: /Max core file size +0 /, open });
});

test('a program that wants no core goes on', async () => {
  const script = 'ulimit -S -c 0 && ulimit -c 0 && echo went on; grep "Max core" /proc/self/limits';
  expect(await sh(await box(), script)).toMatch(/^went on\nMax core file size +1 +1 +bytes/);
});

test('the log of the kernel cannot be read', async ({ skip }) => {
  const SIZE_BUFFER = 10;
  const script = call('syslog', SIZE_BUFFER, 0, 0);
  const without = await sh(await box(open), script);
  skip(!without.includes('went through'), 'this kernel shows it to root alone');
  await expectToWithstand({ script, success: /went through/, open });
});

/** Calls that some kernels allow to everyone, and a sandbox does not. */
const rare: Readonly<Record<string, string>> = {
  'AF_VSOCK leads past the network namespace': call('socket', 40, 1, 0),
  'AF_ALG has ciphers of the kernel': call('socket', 38, 5, 0),
  'AF_TIPC makes pairs': call('socketpair', 30, 5, 0, '"\\0" x 8'),
  'SCTP comes by its type': call('socket', 2, 5, 0),
  'SCTP comes by its protocol': call('socket', 10, 1, 132),
  'L2TP is a datagram': call('socket', 2, 2, 115),
  'NETLINK_CRYPTO changes ciphers': call('socket', 16, 3, 21),
  'NETLINK_AUDIT is of the host': call('socket', 16, 3, 9),
  'NETLINK_SCSITRANSPORT is of drivers': call('socket', 16, 3, 18),
  'fanotify watches files of the host': call('fanotify_init', 0x200, 0),
  'kcmp compares addresses of the kernel': call('kcmp', '$$', '$$', 0, 0, 1),
  'handles of files know no root': call(
    ...(['name_to_handle_at', -100, '"/usr\\0"', 'pack("L2", 128, 0) . "\\0" x 128'] as const),
    ...['"\\0" x 8', 0],
  ),
  'memory that is secret keeps the machine from hibernating': call('memfd_secret', 0),
  'data can be made executable': call('personality', 0x40_0000),
  'huge pages are a reserve of the machine': call('mmap', 0, 2 ** 21, 3, 0x4_4022, -1, 0),
  'a lease makes others wait': fileCommand(1024, 0),
  'a directory sends signals': fileCommand(1026, 1),
  'a terminal gets another line discipline': `perl -e 'open my $t, "+<", "/dev/ptmx" or die; my $n = pack("i", 0); print ioctl($t, 0x5423, $n) ? "went through" : "refused: $!"'`,
  ...(process.arch === 'x64'
    ? {
        'segments are made': `perl -e 'my $x = "\\0" x 64; print syscall(154, 0, $x, 64) >= 0 ? "went through" : "refused: $!"'`,
      }
    : {}),
};

/** A command of fcntl(2) for a file of the sandbox's, or its directory. */
function fileCommand(command: number, argument: number): string {
  const file = command === 1026 ? '/tmp' : '/tmp/file';
  return `: > /tmp/file; perl -e 'open my $f, "<", "${file}" or opendir $f, "${file}"; print syscall(${syscallNumber('fcntl')}, fileno $f, ${command}, ${argument}) >= 0 ? "went through" : "refused: $!"'`;
}

test.each(Object.entries(rare))('%s: refused', async (_what, script) => {
  expect(await sh(await box(), script)).toMatch(/^refused/);
});

test('most of these calls go through without the filter', async () => {
  const made = await box(open);
  const through: string[] = [];
  for (const [what, script] of Object.entries(rare)) {
    if ((await sh(made, script)).includes('went through')) through.push(what);
  }
  // What every kernel has; the others depend on modules and settings.
  expect(through).toEqual(
    expect.arrayContaining([
      'kcmp compares addresses of the kernel',
      'data can be made executable',
      'a lease makes others wait',
      'a terminal gets another line discipline',
    ]),
  );
});

test('user namespaces are refused twice: by a limit, and by the filter', async () => {
  const script = 'unshare -U true && echo nested';
  const success = /nested/;
  const both = { nestedUserNamespaces: true } as const;
  await expectToWithstand({ script, success, open: both });
  await expectToWithstand({ script, success, sandbox: open, open: both });
  // A command with all capabilities inside may not raise the limit again.
  const raise = `umount /proc/sys; echo 100 > /proc/sys/user/max_user_namespaces && echo raised; ${script}`;
  const root = { user: 'root', capabilities: 'all' } as const;
  await expectToWithstand({
    script: raise,
    success: /raised|nested/,
    sandbox: { ...root, seccomp: false },
    open: privileged,
  });
});

test('programs that are common run with the filter', async () => {
  const made = await box();
  const scripts = {
    'perl -MThreads -e 1 2>/dev/null; perl -e "print 1"': '1',
    'python3 -c "import threading; t = threading.Thread(target=print, args=(2,)); t.start(); t.join()"':
      '2',
    'node -p "new Worker(String(), { eval: true }) && 3" 2>&1 | tail -1; node -p 3': '3',
    'echo 4 | xargs -P 2 -n 1 echo': '4',
    'bash -c "echo 5 | cat"': '5',
  };
  for (const [script, output] of Object.entries(scripts)) {
    expect((await sh(made, script)).split('\n').at(-1)).toBe(output);
  }
});

test('a program of another architecture is ended', async () => {
  const made = await box();
  const unfiltered = await box(open);
  // A program of two calls for i386: getpid, and exit with 7. Its numbers mean something else here.
  const code = Buffer.from('b814000000cd80b801000000bb07000000cd80', 'hex');
  const header = Buffer.alloc(84);
  header.write('\x7fELF\x01\x01\x01', 0, 'latin1');
  header.writeUInt16LE(2, 16); // an executable
  header.writeUInt16LE(3, 18); // for i386
  header.writeUInt32LE(1, 20);
  header.writeUInt32LE(0x08048054, 24);
  header.writeUInt32LE(52, 28);
  header.writeUInt16LE(52, 40);
  header.writeUInt16LE(32, 42);
  header.writeUInt16LE(1, 44);
  const size = 84 + code.length;
  for (const [i, word] of [1, 0, 0x08048000, 0x08048000, size, size, 5, 0x1000].entries()) {
    header.writeUInt32LE(word, 52 + 4 * i);
  }
  const program = Buffer.concat([header, code]);
  const results: (string | number | null)[] = [];
  for (const one of [unfiltered, made]) {
    await one.files.write('/tmp/foreign', program, { mode: 0o755 });
    const result = await one.run('/tmp/foreign', [], { reject: false }).catch(() => undefined);
    if (result === undefined) return; // this kernel runs no such programs
    results.push(result.signal ?? result.exitCode);
  }
  expect(results).toEqual([7, 'SIGSYS']);
});
