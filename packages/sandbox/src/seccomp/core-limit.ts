// The limit for cores stays at one byte, where the kernel starts no program of the host for them; at 0
// it would.
import { constants } from 'node:os';
import {
  ALLOW,
  fail,
  type Instruction,
  load,
  loadArgument,
  result,
  SECCOMP_DATA,
  unlessEqual,
  whenEqual,
} from './bpf.js';
import type { Rule } from './rule.js';

const { EPERM } = constants.errno;
const DONE = 0;
const RLIMIT_CORE = 4;
const UPPER = 4;

/** Runs these instructions, which must end the filter, if an argument is not a null pointer. */
const unlessNull = (argument: number, then: readonly Instruction[]): Instruction[] => [
  loadArgument(argument),
  ...unlessEqual(0, then),
  load(SECCOMP_DATA.argument(argument) + UPPER),
  ...unlessEqual(0, then),
];

/**
 * Programs that ask for 0, such as key agents, want no core: the filter returns success without a call.
 * A call that asks for the old limit as well is refused, since a filter cannot write the answer.
 */
export const coreLimitRules: readonly Rule[] = [
  ['setrlimit', [loadArgument(0), ...whenEqual(RLIMIT_CORE, [fail(DONE)])]],
  [
    'prlimit64',
    [
      loadArgument(1),
      ...unlessEqual(RLIMIT_CORE, [result(ALLOW)]),
      ...unlessNull(2, [...unlessNull(3, [fail(EPERM)]), fail(DONE)]),
    ],
  ],
];
