// The filter of system calls that commands of a sandbox have. It does not list what programs may need:
// it takes away what no namespace separates, and large parts of the kernel that are rarely used and
// often had holes. What takes a capability is left to the capabilities.
import { constants } from 'node:os';
import { CLONE } from '@ns/core/authors';
import { syscallNumber } from '@ns/core/sys';
import {
  ALLOW,
  assemble,
  fail,
  type Instruction,
  KILL_PROCESS,
  load,
  loadArgument,
  result,
  SECCOMP_DATA,
  unlessEqual,
  whenAnyBit,
  whenAtLeast,
  whenEqual,
} from './bpf.js';
import { coreLimitRules } from './core-limit.js';
import { countedMemoryRules, hugePageRules } from './memory.js';
import { refusedCalls } from './refused.js';
import { hide, type Rule } from './rule.js';
import { modeRules } from './set-id.js';
import { socketRules } from './sockets.js';

const { EPERM, ENOSYS } = constants.errno;

/** AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64: numbers of system calls mean something else on others. */
const ARCHITECTURES: Readonly<Record<string, number>> = { x64: 0xc000_003e, arm64: 0xc000_00b7 };
/** Of x64: the numbers of a third table begin here, by which the same calls can be made. */
const X32 = 0x4000_0000;

/** Calls that a filter refuses and allows, unlike every filter. */
export interface FilterOptions {
  /** User namespaces are allowed. Default: false. */
  readonly nestedUserNamespaces?: boolean | undefined;
  /** Memory that RLIMIT_DATA does not count is refused. Default: false. */
  readonly countedMemory?: boolean | undefined;
  /** Modes of files with one of these bits are refused. Default: none. */
  readonly refusedModes?: number | undefined;
}

const withoutUserNamespaces = [loadArgument(0), ...whenAnyBit(CLONE.NEWUSER, [fail(EPERM)])];

const userNamespaceRules: readonly Rule[] = [
  ['clone', withoutUserNamespaces],
  ['unshare', withoutUserNamespaces],
  // Its flags are in memory, where a filter does not see them; C libraries go on with clone.
  hide('clone3'),
];

function rulesOf({ nestedUserNamespaces, countedMemory, refusedModes }: FilterOptions): Rule[] {
  return [
    ...refusedCalls,
    ...socketRules,
    ...coreLimitRules,
    ...(countedMemory ? countedMemoryRules : hugePageRules),
    ...(refusedModes ? modeRules(refusedModes) : []),
    ...(nestedUserNamespaces ? [] : userNamespaceRules),
  ];
}

function instructionsOf([call, then]: Rule, machine: string): Instruction[] {
  if (typeof call === 'number' && machine !== 'x64') return [];
  const number = typeof call === 'number' ? call : syscallNumber(call, machine);
  return whenEqual(number, [...then, result(ALLOW)]);
}

/** The instructions for a machine. */
export function filterFor(machine: string, options: FilterOptions = {}): Instruction[] {
  const architecture = ARCHITECTURES[machine];
  if (architecture === undefined)
    throw new Error(
      `cannot make a seccomp filter for ${machine}: only x64 and arm64 are supported`,
    );
  return [
    load(SECCOMP_DATA.ARCHITECTURE),
    ...unlessEqual(architecture, [result(KILL_PROCESS)]),
    load(SECCOMP_DATA.NUMBER),
    ...(machine === 'x64' ? whenAtLeast(X32, [fail(ENOSYS)]) : []),
    ...rulesOf(options).flatMap((rule) => instructionsOf(rule, machine)),
    result(ALLOW),
  ];
}

/** The filter of this machine, as spawn takes it. */
export const filterOf = (options: FilterOptions): Uint8Array =>
  assemble(filterFor(process.arch, options));
