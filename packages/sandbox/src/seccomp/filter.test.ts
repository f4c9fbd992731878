// The filter on both machines, by a small interpreter of classic BPF: what the kernel would answer.
import { constants } from 'node:os';
import { type SyscallName, syscallNumber } from '@ns/core/sys';
import { expect, test } from 'vitest';
import { assemble, BPF, type Instruction } from './bpf.js';
import { filterFor } from './filter.js';

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

for (const machine of ['x64', 'arm64'] as const) {
  const program = filterFor(machine);
  const answer = (name: SyscallName, ...args: number[]) =>
    interpret(program, data(syscallNumber(name, machine), architectures[machine], args));

  test(`on ${machine}, keyrings, programs in the kernel and rings of calls are refused`, () => {
    const refused = ['keyctl', 'bpf', 'perf_event_open', 'io_uring_setup', 'userfaultfd'] as const;
    for (const name of refused) expect(answer(name)).toBe(failing('EPERM'));
    expect(answer('open_by_handle_at')).toBe(failing('EPERM'));
    for (const name of ['read', 'openat', 'execve', 'wait4'] as const) {
      expect(answer(name)).toBe(ALLOW);
    }
  });

  test(`on ${machine}, no user namespace is made by any call`, () => {
    const NEWUSER = 0x1000_0000;
    expect(answer('unshare', NEWUSER | 0x2_0000)).toBe(failing('EPERM'));
    expect(answer('clone', NEWUSER | 17)).toBe(failing('EPERM'));
    expect(answer('clone3')).toBe(failing('ENOSYS'));
    expect(answer('unshare', 0x2_0000)).toBe(ALLOW);
    expect(answer('clone', 0x0120_0011)).toBe(ALLOW);
    const open = filterFor(machine, { nestedUserNamespaces: true });
    const number = syscallNumber('clone3', machine);
    expect(interpret(open, data(number, architectures[machine], []))).toBe(ALLOW);
  });

  test(`on ${machine}, nothing is typed into a terminal, whatever is in the upper half of the word`, () => {
    expect(answer('ioctl', 0, 0x5412)).toBe(failing('EPERM'));
    expect(answer('ioctl', 0, 0x1_0000_5412)).toBe(failing('EPERM'));
    expect(answer('ioctl', 0, 0x541c)).toBe(failing('EPERM'));
    expect(answer('ioctl', 0, 0x5413)).toBe(ALLOW);
  });

  test(`on ${machine}, sockets are of families that a network namespace separates`, () => {
    for (const family of [1, 2, 10, 16, 17]) expect(answer('socket', family, 1)).toBe(ALLOW);
    for (const family of [9, 15, 29, 30, 38, 40]) {
      expect(answer('socket', family, 1)).toBe(failing('EAFNOSUPPORT'));
    }
  });

  test(`on ${machine}, calls of another architecture end the process`, () => {
    const other = machine === 'x64' ? 0x4000_0003 : 0x4000_0028; // i386, arm
    expect(interpret(program, data(4, other, []))).toBe(KILL);
  });

  test(`on ${machine}, it is short, and laid out as the kernel has it`, () => {
    expect(program.length).toBeLessThan(100);
    const bytes = assemble(program);
    expect(bytes.length).toBe(program.length * 8);
    expect([...bytes.subarray(0, 8)]).toEqual([0x20, 0, 0, 0, 4, 0, 0, 0]);
  });
}

test('on x64, the third table of calls is refused', () => {
  const number = 0x4000_0000 + syscallNumber('keyctl', 'x64');
  expect(interpret(filterFor('x64'), data(number, architectures.x64, []))).toBe(failing('ENOSYS'));
});

test('there is none for other machines', () => {
  expect(() => filterFor('riscv64')).toThrow('no filter for riscv64');
});
