// The parent's own calls fail: a process of its own has a filter (seccomp) that refuses one of them.
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { type SyscallName, syscallNumber } from '../sys/numbers.js';
import { authors, core, sys } from '../testing/in-worker.js';

const constants = { PR_SET_NO_NEW_PRIVS: 38, SECCOMP_SET_MODE_FILTER: 1, EIO: 5, O_NONBLOCK: 2048 };
const MAP_FIXED_NOREPLACE = 0x100000;

/** A call that is refused: all of that name, or those with this argument. */
interface Refused {
  readonly name: SyscallName;
  readonly when?: { readonly argument: number } & (
    | { readonly mask: number }
    | { readonly is: number }
  );
}

// BPF: load a word, jump if equal, jump if a bit is set, return.
const LOAD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_SET = 0x45;
const RETURN = 0x06;
const ALLOW = 0x7fff_0000;
const REFUSE = 0x0005_0000 | constants.EIO;

/** The filter as an array of struct sock_filter. */
function filter({ name, when }: Refused): Buffer {
  const code = [
    [LOAD, 0, 0, 0], // the number of the call
    [JUMP_EQUAL, 0, when ? 3 : 1, syscallNumber(name)],
    ...(when ? [[LOAD, 0, 0, 16 + 8 * when.argument] as const] : []),
    ...(when ? ['is' in when ? [JUMP_EQUAL, 0, 1, when.is] : [JUMP_SET, 0, 1, when.mask]] : []),
    [RETURN, 0, 0, REFUSE],
    [RETURN, 0, 0, ALLOW],
  ];
  const bytes = Buffer.alloc(code.length * 8);
  code.forEach(([operation = 0, yes = 0, no = 0, k = 0], i) => {
    bytes.writeUInt16LE(operation, i * 8);
    bytes.writeUInt8(yes, i * 8 + 2);
    bytes.writeUInt8(no, i * 8 + 3);
    bytes.writeUInt32LE(k, i * 8 + 4);
  });
  return bytes;
}

/** Starts a child in a process whose filter refuses calls, and returns what that process observes. */
function outcome(refused: Refused, options: string, before = options): unknown {
  const bytes = filter(refused);
  const script = `
    import { readdirSync, readFileSync } from 'node:fs';
    import { runSync, spawn, Namespace, isSystemError } from ${JSON.stringify(core)};
    import { Program, runProgramSync } from ${JSON.stringify(authors)};
    import { addressOf, syscall } from ${JSON.stringify(sys)};
    const uid = process.getuid(), gid = process.getgid();
    const user = { type: 'user', prepare(child) {
      const program = child.program('user');
      for (const [file, text] of [['setgroups', 'deny'], ['uid_map', '0 ' + uid + ' 1'], ['gid_map', '0 ' + gid + ' 1']]) {
        const fd = program.call('openat', -100, '/proc/self/' + file, 1);
        program.call('write', fd, text, text.length);
        program.call('close', fd);
      }
    } };
    const meeting = { type: 'uts', prepare: (child) => { child.program('settings').meet(() => {}); child.useInit(); } };
    const others = ['cgroup', 'ipc', 'net', 'time', 'mount'].map((type) => ({ type }));
    const eight = [user, meeting, { type: 'pid' }, ...others];
    const container = await spawn('sleep', ['1000'], { stdio: 'ignore', namespaces: eight, killWithParent: true });
    container.unref();
    const handles = ['user', 'uts', 'pid', 'cgroup', 'ipc', 'net', 'time', 'mount'].map((type) => Namespace.of(container.pid, type));
    const start = async (options) => {
      if (!options.terminal) return runSync('true', [], { stdio: 'ignore', ...options });
      const child = await spawn('true', [], options);
      await new Promise((resolve) => child.once('close', resolve));
    };
    await start({ ${before} });
    const state = () => [readdirSync('/proc/self/fd').length, readFileSync('/proc/thread-self/children', 'utf8'),
      readFileSync('/proc/self/maps', 'utf8').split('\\n').filter((line) => line.includes('ns-job')).length];
    const before = state();
    const code = Buffer.from(${JSON.stringify(bytes.toString('base64'))}, 'base64');
    const program = new DataView(new ArrayBuffer(16));
    program.setUint16(0, code.length / 8, true);
    program.setBigUint64(8, addressOf(code), true);
    syscall('prctl', ${constants.PR_SET_NO_NEW_PRIVS}, 1, 0, 0, 0);
    syscall('seccomp', ${constants.SECCOMP_SET_MODE_FILTER}, 0, program);
    let error;
    try { await start({ ${options} }); } catch (thrown) { error = thrown; }
    console.log(JSON.stringify({ error: isSystemError(error) ? [error.code, error.syscall] : String(error), same: JSON.stringify(before) === JSON.stringify(state()), fds: state()[0] - before[0] }));
  `;
  const args = ['--input-type=module', '-e', script];
  // The container goes with the process.
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  // Nor does undoing fail, of which a warning would tell; it has to where nothing can be reaped.
  if (refused.name !== 'waitid') expect(stderr).toBe('');
  return JSON.parse(stdout);
}

// Of ioctl's and openat's arguments.
const requests = { TIOCSPTLCK: 0x4004_5431, TIOCSWINSZ: 0x5414, TIOCGPTPEER: 0x5441 };
const O_PATH = 0o10000000;
const O_NOCTTY = 0o400;

const eight = 'namespaces: eight';
const join = 'namespaces: handles';
const joinBelowInit = `${join}, init: true`;

// The calls of a start whose child runs in memory of its own.
const steps: readonly Refused[] = [
  { name: 'pipe2' },
  { name: 'memfd_create' },
  { name: 'ftruncate' },
  { name: 'mmap', when: { argument: 3, mask: MAP_FIXED_NOREPLACE } },
  { name: 'clone3' },
  { name: 'read', when: { argument: 2, is: 1 } },
  { name: 'pidfd_open' }, // of the process that takes the first one's place
];

// The start that comes before has pooled its memory, so a direct child maps none.
const cases: readonly (readonly [options: string, refused: Refused])[] = [
  ['namespaces: [user]', { name: 'clone3' }],
  ['killWithParent: true', { name: 'pidfd_open' }],
  [`stdio: ['ignore', 'ignore', 'ignore', 'pipe']`, { name: 'socketpair' }],
  [`stdio: 'pipe'`, { name: 'pipe2' }],
  ...Object.values(requests).map(
    (is) => ['terminal: true', { name: 'ioctl', when: { argument: 1, is } }] as const,
  ),
  ['terminal: true', { name: 'openat', when: { argument: 2, mask: O_NOCTTY } }],
  ...[eight, join, joinBelowInit].flatMap((way) => steps.map((step) => [way, step] as const)),
  [eight, { name: 'write', when: { argument: 2, is: 1 } }], // the go after a meeting
  [eight, { name: 'fcntl', when: { argument: 2, is: constants.O_NONBLOCK } }],
  [joinBelowInit, { name: 'fcntl', when: { argument: 2, is: constants.O_NONBLOCK } }],
];

test.each(cases.map(([options, refused]) => ({ options, refused })))(
  '$options: $refused.name fails',
  ({ options, refused }) => {
    expect(outcome(refused, options)).toMatchObject({ error: ['EIO', refused.name], same: true });
  },
);

test('cgroup: the directory cannot be opened', () => {
  const refused: Refused = { name: 'openat', when: { argument: 2, mask: O_PATH } };
  // A caller that may not put a child into the cgroup fails later, so the first start is without it.
  expect(outcome(refused, "cgroup: '/'", '')).toMatchObject({
    error: ['EIO', 'openat'],
    same: true,
  });
});

// If waitid(2) fails, the child stays a zombie, but nothing else is left. (A failing close(2) is not
// tested: on Linux it still frees the descriptor, which a filter cannot imitate.)
test.each([{ options: '' }, { options: eight }, { options: join }])(
  'a child whose waitid(2) fails leaves no descriptor open: $options',
  ({ options }) => {
    expect(outcome({ name: 'waitid' }, options)).toMatchObject({
      error: ['EIO', 'waitid'],
      fds: 0,
    });
  },
);
