// Attacks by system calls that no namespace stops. Each is known to succeed without the filter.

import { syscallNumber } from '@ns/core/sys';
import { expect, test } from 'vitest';
import { box, sh } from '../testing.js';
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

test('rings of system calls, which no filter sees, cannot be made', async ({ skip }) => {
  const script = call('io_uring_setup', 1, '"\\0" x 120');
  const without = await sh(await box(open), script);
  skip(!without.includes('went through'), 'this kernel lets nobody make one');
  await expectToWithstand({ script, success: /went through/, open });
});

test('page faults cannot be held up', async ({ skip }) => {
  const USER_MODE_ONLY = 1;
  const script = call('userfaultfd', USER_MODE_ONLY);
  const without = await sh(await box(open), script);
  skip(!without.includes('went through'), 'this kernel lets nobody do it');
  await expectToWithstand({ script, success: /went through/, open });
});

test('programs and counters in the kernel cannot be made', async ({ skip }) => {
  const ARRAY = 'pack("L4", 2, 4, 4, 1) . "\\0" x 100'; // BPF_MAP_TYPE_ARRAY
  // PERF_TYPE_SOFTWARE, without the kernel's share: what everybody may count.
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
  skip(possible.length === 0, 'this kernel lets nobody make one');
});

test('no program of the host gets the core of one that is ended', async () => {
  // 1 is the limit at which the kernel starts none, whatever core_pattern says.
  const limit = 'grep "Max core" /proc/self/limits';
  expect(await sh(await box(), limit)).toMatch(/ 1 +1 +bytes/);
  const crash = "cd /tmp; sh -c 'kill -SEGV $$'; ls -A /tmp";
  expect(await sh(await box(), crash)).not.toMatch(/core$/m);
});

test('the log of the kernel cannot be read', async ({ skip }) => {
  const SIZE_BUFFER = 10;
  const script = call('syslog', SIZE_BUFFER, 0, 0);
  const without = await sh(await box(open), script);
  skip(!without.includes('went through'), 'this kernel shows it to root alone');
  await expectToWithstand({ script, success: /went through/, open });
});

test('sockets that lead past the network namespace cannot be made', async ({ skip }) => {
  const [AF_ALG, AF_VSOCK, STREAM, SEQPACKET] = [38, 40, 1, 5];
  const made: string[] = [];
  for (const [family, type] of [
    [AF_VSOCK, STREAM],
    [AF_ALG, SEQPACKET],
  ] as const) {
    const script = call('socket', family, type, 0);
    if (!(await sh(await box(open), script)).includes('went through')) continue;
    made.push(script);
    await expectToWithstand({ script, success: /went through/, open });
  }
  skip(made.length === 0, 'this kernel has none of these families');
});

test('user namespaces are refused twice: by a limit, and by the filter', async () => {
  const script = 'unshare -U true && echo nested';
  const success = /nested/;
  const both = { nestedUserNamespaces: true } as const;
  await expectToWithstand({ script, success, open: both });
  await expectToWithstand({ script, success, sandbox: open, open: both });
  // Whoever may do everything in there may not raise the limit again.
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
