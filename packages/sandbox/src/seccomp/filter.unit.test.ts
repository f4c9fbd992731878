// The filter on both machines, by a small interpreter of classic BPF: what the kernel would answer.
import { constants } from 'node:os';
import { type SyscallName, syscallNumber } from '@ns/core/sys';
import { expect, test } from 'vitest';
import { assemble, BPF, type Instruction } from './bpf.js';
import { type FilterOptions, filterFor } from './filter.js';

const architectures = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const;
const ALLOW = 0x7fff_0000;
const KILL = 0x8000_0000;
const failing = (name: keyof typeof constants.errno) => 0x0005_0000 | constants.errno[name];

/** struct seccomp_data. */
function data(number: number, architecture: number, args: readonly number[]): DataView {
  const view = new DataView(new ArrayBuffer(64));
  view.setUint32(0, number, true);
  view.setUint32(4, architecture, true);
  args.forEach((value, i) => {
    view.setBigUint64(16 + 8 * i, BigInt(value), true);
  });
  return view;
}

function interpret(program: readonly Instruction[], view: DataView): number {
  let loaded = 0;
  for (let at = 0; ; at++) {
    const { code, ifTrue, ifFalse, value } = program[at] as Instruction;
    const jump = (condition: boolean) => {
      at += condition ? ifTrue : ifFalse;
    };
    if (code === BPF.RETURN) return value;
    if (code === BPF.LOAD) loaded = view.getUint32(value, true);
    else if (code === BPF.JUMP_IF_EQUAL) jump(loaded === value);
    else if (code === BPF.JUMP_IF_GREATER_OR_EQUAL) jump(loaded >= value);
    else jump((loaded & value) !== 0);
  }
}

/** A call by its name, or by its number if x64 alone has it. */
type Call = readonly [call: SyscallName | number, ...args: number[]];

const FAR = 2 ** 32; // an address whose lower half is 0

const refused: readonly Call[] = [
  ...(['keyctl', 'add_key', 'request_key', 'bpf', 'perf_event_open', 'syslog'] as const).map(
    (name): Call => [name],
  ),
  ...(['io_uring_setup', 'io_uring_enter', 'io_uring_register'] as const).map(
    (name): Call => [name],
  ),
  ...(['userfaultfd', 'fanotify_init', 'fanotify_mark', 'kcmp'] as const).map(
    (name): Call => [name],
  ),
  ...(['memfd_secret', 'quotactl', 'name_to_handle_at', 'open_by_handle_at'] as const).map(
    (name): Call => [name],
  ),
  ...(['init_module', 'finit_module', 'delete_module'] as const).map((name): Call => [name]),
  ...(['kexec_load', 'kexec_file_load'] as const).map((name): Call => [name]),
  // TIOCSTI, also with something in the upper half of the word; TIOCLINUX; TIOCSETD.
  ['ioctl', 0, 0x5412],
  ['ioctl', 0, 0x1_0000_5412],
  ['ioctl', 0, 0x541c],
  ['ioctl', 0, 0x5423],
  // F_SETLEASE, F_NOTIFY, F_SETDELEG.
  ['fcntl', 3, 1024, 0],
  ['fcntl', 3, FAR + 1024, 1],
  ['fcntl', 3, 1026, 1],
  ['fcntl', 3, 1040, 0],
  // READ_IMPLIES_EXEC, MMAP_PAGE_ZERO, another system.
  ['personality', 0x40_0000],
  ['personality', 0x10_0000],
  ['personality', 0x1],
  ['unshare', 0x1002_0000],
  ['clone', 0x1000_0011],
  // The limit for cores, with the old one as well.
  ['prlimit64', 0, 4, 1000, 1000],
  ['prlimit64', 0, 4, FAR, FAR],
];

const hidden: readonly Call[] = [['clone3']];

/** The limit for cores: answered as if it had been set. */
const pretended: readonly Call[] = [
  ['setrlimit', 4, 1000],
  ['setrlimit', FAR + 4, 1000],
  ['prlimit64', 0, 4, 1000, 0],
  ['prlimit64', 77, FAR + 4, FAR, 0],
];

/** Huge pages. */
const withoutMemory: readonly Call[] = [
  ['mmap', 0, 2 ** 21, 3, 0x4_0022],
  ['memfd_create', 1000, 4],
];

const allowed: readonly Call[] = [
  ...(['read', 'openat', 'openat2', 'execve', 'wait4', 'flock'] as const).map(
    (name): Call => [name],
  ),
  ['ioctl', 0, 0x5413],
  ['fcntl', 3, 1, 0],
  ['fcntl', 3, 1025, 0], // F_GETLEASE
  ['fcntl', 3, 1031, 0], // F_SETPIPE_SZ
  ['fcntl', 3, 6, 0], // F_SETLK
  ['personality', 0xffff_ffff],
  ['personality', 0],
  ['personality', 0x4_0008],
  ['unshare', 0x2_0000],
  ['clone', 0x0120_0011],
  ['setrlimit', 7, 1000],
  ['prlimit64', 0, 7, 1000, 1000],
  ['prlimit64', 0, 4, 0, 1000],
  ['mmap', 0, 4096, 3, 0x22],
  ['mmap', 0, 4096, 3, 0x21],
  ['mmap', 0, 4096, 3, 0x122],
  ['memfd_create', 1000, 1],
  ['shmget', 0, 4096, 0o600],
  ['semget', 0, 1, 0o600],
  ['msgget', 0, 0o600],
  ['fchmodat', 0, 1000, 0o4755],
  ['socketpair', 1, 1, 0],
  // Streams, datagrams and raw sockets of the usual families, with flags.
  ['socket', 1, 5, 0],
  ['socket', 2, 0x8_0801, 6],
  ['socket', 10, 0x8_0002, 17],
  ['socket', 2, 3, 1],
  ['socket', 2, 1, 262], // MPTCP
  ['socket', 17, 3, 768],
  ...[0, 4, 6, 12, 15, 16].map((protocol): Call => ['socket', 16, 3, protocol]),
];

const unknownFamilies: readonly Call[] = [
  // X25, KEY, CAN, TIPC, BLUETOOTH, ALG, VSOCK, SMC, XDP
  ...[9, 15, 29, 30, 31, 38, 40, 43, 44].map((family): Call => ['socket', family, 1, 0]),
  ['socketpair', 30, 5, 0],
];

const unknownProtocols: readonly Call[] = [
  // SOCK_SEQPACKET and SOCK_DCCP; DCCP, L2TP, SCTP and SMC by their numbers.
  ['socket', 2, 5, 0],
  ['socket', 10, 0x8_0006, 0],
  ...[33, 115, 132, 256].map((protocol): Call => ['socket', 10, 1, protocol]),
  // USERSOCK, ISCSI, AUDIT, FIB_LOOKUP, CONNECTOR, SCSITRANSPORT, RDMA, CRYPTO, SMC
  ...[2, 8, 9, 10, 11, 18, 20, 21, 22].map((protocol): Call => ['socket', 16, 3, protocol]),
];

/** With memory that rlimits count: shared and anonymous, as a stack, of no process. */
const uncounted: readonly Call[] = [
  ['mmap', 0, 4096, 3, 0x21],
  ['mmap', 0, 4096, 3, 0x122],
  ['mmap', 0, 4096, 3, 0x4_0022],
];
const uncountedObjects: readonly Call[] = [
  ['memfd_create', 1000, 0],
  ['shmget', 0, 4096, 0o600],
  ['semget', 0, 1, 0o600],
  ['msgget', 0, 0o600],
];
const counted: readonly Call[] = [
  ['mmap', 0, 4096, 3, 0x22],
  ['mmap', 0, 4096, 1, 0x2],
  ['mmap', 0, 4096, 3, 0x1], // of a file
  ['mmap', 0, 4096, 3, 0x2_0022], // a stack of a thread
];

const O_CREAT = 0x40;
const O_TMPFILE = 0x41_0000;
/** Without set-user-ID bits. */
const setId: readonly Call[] = [
  ['fchmod', 3, 0o4755],
  ['fchmodat', 0, 1000, 0o2755],
  ['fchmodat2', 0, 1000, 0o6755, 0],
  ['mknodat', 0, 1000, 0o104755],
  ['openat', 0, 1000, O_CREAT, 0o4755],
  ['openat', 0, 1000, O_TMPFILE, 0o2755],
];
const setIdOfX64: readonly Call[] = [
  [90, 1000, 0o4755],
  [85, 1000, 0o4755],
  [133, 1000, 0o104755],
  [2, 1000, O_CREAT, 0o4755],
];
const plainModes: readonly Call[] = [
  ['fchmod', 3, 0o1777],
  ['fchmodat', 0, 1000, 0o755],
  ['openat', 0, 1000, O_CREAT, 0o644],
  ['openat', 0, 1000, 0, 0o4755], // takes no mode
  ['mkdirat', 0, 1000, 0o2755], // which does not set the bit
];

for (const machine of ['x64', 'arm64'] as const) {
  const expectEach = (options: FilterOptions, calls: readonly Call[], action: number) => {
    const program = filterFor(machine, options);
    for (const [call, ...args] of calls) {
      const number = typeof call === 'number' ? call : syscallNumber(call, machine);
      const answer = interpret(program, data(number, architectures[machine], args));
      expect({ call, args, answer }).toEqual({ call, args, answer: action });
    }
  };

  test(`filterFor ${machine} refuses what no namespace separates, and allows what programs use`, () => {
    expectEach({}, refused, failing('EPERM'));
    expectEach({}, hidden, failing('ENOSYS'));
    expectEach({}, withoutMemory, failing('ENOMEM'));
    expectEach({}, unknownFamilies, failing('EAFNOSUPPORT'));
    expectEach({}, unknownProtocols, failing('EPROTONOSUPPORT'));
    expectEach({}, allowed, ALLOW);
  });

  test(`filterFor ${machine} answers that the limit for cores is set, and leaves it`, () => {
    expectEach({}, pretended, 0x0005_0000);
  });

  test(`filterFor ${machine} allows user namespaces on demand`, () => {
    const calls: readonly Call[] = [['clone3'], ['unshare', 0x1000_0000], ['clone', 0x1000_0011]];
    expectEach({ nestedUserNamespaces: true }, calls, ALLOW);
  });

  test(`filterFor ${machine} refuses memory that rlimits do not count, on demand`, () => {
    expectEach({ countedMemory: true }, uncounted, failing('ENOMEM'));
    expectEach({ countedMemory: true }, uncountedObjects, failing('ENOSYS'));
    expectEach({ countedMemory: true }, counted, ALLOW);
  });

  test(`filterFor ${machine} refuses set-user-ID bits on demand`, () => {
    expectEach({ refusedModes: 0o6000 }, setId, failing('EPERM'));
    expectEach({ refusedModes: 0o4000 }, [['fchmod', 3, 0o4755]], failing('EPERM'));
    expectEach({ refusedModes: 0o4000 }, [['fchmod', 3, 0o2755]], ALLOW);
    expectEach({ refusedModes: 0o6000 }, [['openat2']], failing('ENOSYS'));
    expectEach({ refusedModes: 0o6000 }, plainModes, ALLOW);
  });

  test(`filterFor ${machine} ends a process that makes calls of another architecture`, () => {
    const other = machine === 'x64' ? 0x4000_0003 : 0x4000_0028; // i386, arm
    expect(interpret(filterFor(machine), data(4, other, []))).toBe(KILL);
  });

  test(`filterFor ${machine} is laid out as the kernel has it`, () => {
    const program = filterFor(machine, { countedMemory: true, refusedModes: 0o6000 });
    const bytes = assemble(program);
    expect(bytes.length).toBe(program.length * 8);
    expect([...bytes.subarray(0, 8)]).toEqual([0x20, 0, 0, 0, 4, 0, 0, 0]);
  });
}

test('filterFor x64 refuses calls that x64 alone has', () => {
  const answer = (call: number, args: readonly number[], options: FilterOptions = {}) =>
    interpret(filterFor('x64', options), data(call, architectures.x64, args));
  // modify_ldt, uselib, ustat, sysfs
  for (const call of [154, 134, 136, 139]) expect(answer(call, [])).toBe(failing('EPERM'));
  for (const [call, ...args] of setIdOfX64) {
    expect(answer(call as number, args)).toBe(ALLOW);
    expect(answer(call as number, args, { refusedModes: 0o6000 })).toBe(failing('EPERM'));
  }
});

test('filterFor x64 refuses the third table of calls', () => {
  const number = 0x4000_0000 + syscallNumber('keyctl', 'x64');
  expect(interpret(filterFor('x64'), data(number, architectures.x64, []))).toBe(failing('ENOSYS'));
});

test('filterFor throws for other machines', () => {
  expect(() => filterFor('riscv64')).toThrow('cannot make a seccomp filter for riscv64: only');
});
