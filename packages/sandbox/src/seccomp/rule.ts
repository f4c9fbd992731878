// What a filter does with one system call.
import { constants } from 'node:os';
import type { SyscallName } from '@ns/core/sys';
import { fail, type Instruction, loadArgument, whenEqual } from './bpf.js';

/**
 * A call, and instructions that refuse it: what they let pass is allowed. A number stands for a call
 * that x64 alone has.
 */
export type Rule = readonly [call: SyscallName | number, then: readonly Instruction[]];

const { EPERM, ENOSYS } = constants.errno;

/** Refuses a call whatever its arguments. */
export const refuse = (call: Rule[0]): Rule => [call, [fail(EPERM)]];

/** Answers as a kernel that does not have the call: programs go on in another way. */
export const hide = (call: Rule[0]): Rule => [call, [fail(ENOSYS)]];

/** Refuses a call if the low word of an argument is one of these values. */
export const refuseValues = (call: Rule[0], argument: number, values: readonly number[]): Rule => [
  call,
  [loadArgument(argument), ...values.flatMap((value) => whenEqual(value, [fail(EPERM)]))],
];
