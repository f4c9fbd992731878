// Classic BPF, as far as a filter of system calls needs it: struct sock_filter and struct seccomp_data.

/** One instruction: struct sock_filter. Jumps count from the next instruction. */
export interface Instruction {
  readonly code: number;
  readonly ifTrue: number;
  readonly ifFalse: number;
  readonly value: number;
}

/** Codes of instructions; see linux/bpf_common.h. */
export const BPF = Object.freeze({
  /** Load a word of struct seccomp_data. */
  LOAD: 0x20,
  JUMP_IF_EQUAL: 0x15,
  JUMP_IF_GREATER_OR_EQUAL: 0x35,
  JUMP_IF_ANY_BIT: 0x45,
  RETURN: 0x06,
});

/** Offsets in struct seccomp_data. */
export const SECCOMP_DATA = Object.freeze({
  NUMBER: 0,
  ARCHITECTURE: 4,
  /** The low word of an argument, on little-endian machines. */
  argument: (index: number): number => 16 + 8 * index,
});

/** Actions of a filter; see linux/seccomp.h. */
export const ALLOW = 0x7fff_0000;
export const KILL_PROCESS = 0x8000_0000;
const ERRNO = 0x0005_0000;

const SIZE = 8;

const make = (code: number, value: number, ifTrue = 0, ifFalse = 0): Instruction => ({
  code,
  ifTrue,
  ifFalse,
  value,
});

export const load = (offset: number): Instruction => make(BPF.LOAD, offset);
export const result = (action: number): Instruction => make(BPF.RETURN, action);
/** Loads the low word of an argument. */
export const loadArgument = (index: number): Instruction => load(SECCOMP_DATA.argument(index));
/** Makes the call fail with this error, or for 0 succeed without being made. */
export const fail = (errno: number): Instruction => result(ERRNO | errno);

/** Runs these instructions only if the loaded word is this one. */
export const whenEqual = (value: number, then: readonly Instruction[]): Instruction[] => [
  make(BPF.JUMP_IF_EQUAL, value, 0, then.length),
  ...then,
];

/** Runs these instructions only if the loaded word is not this one. */
export const unlessEqual = (value: number, then: readonly Instruction[]): Instruction[] => [
  make(BPF.JUMP_IF_EQUAL, value, then.length, 0),
  ...then,
];

/** Runs these instructions only if the loaded word is at least this. */
export const whenAtLeast = (value: number, then: readonly Instruction[]): Instruction[] => [
  make(BPF.JUMP_IF_GREATER_OR_EQUAL, value, 0, then.length),
  ...then,
];

/** Runs these instructions only if the loaded word has one of these bits. */
export const whenAnyBit = (bits: number, then: readonly Instruction[]): Instruction[] => [
  make(BPF.JUMP_IF_ANY_BIT, bits, 0, then.length),
  ...then,
];

/** The instructions as the kernel takes them. */
export function assemble(instructions: readonly Instruction[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(instructions.length * SIZE));
  instructions.forEach(({ code, ifTrue, ifFalse, value }, i) => {
    if (ifTrue > 0xff || ifFalse > 0xff) throw new RangeError('a jump leads too far');
    view.setUint16(i * SIZE, code, true);
    view.setUint8(i * SIZE + 2, ifTrue);
    view.setUint8(i * SIZE + 3, ifFalse);
    view.setUint32(i * SIZE + 4, value, true);
  });
  return new Uint8Array(view.buffer);
}
