// Modes of files: for commands that are root outside and may write to the host, none with a set-user-ID
// or set-group-ID bit. Such a file would make root of every user who runs it (SECURITY.md S12).
import { constants } from 'node:os';
import { fail, type Instruction, loadArgument, whenAnyBit } from './bpf.js';
import { hide, type Rule } from './rule.js';

const { EPERM } = constants.errno;

const SET_ID = 0o6000;
/** O_CREAT and O_TMPFILE: without them, open(2) takes no mode, and anything is in its place. */
const CREATES = 0x40 | 0x40_0000;

const mode = (argument: number): Instruction[] => [
  loadArgument(argument),
  ...whenAnyBit(SET_ID, [fail(EPERM)]),
];

const modeAfter = (flags: number): Instruction[] => [
  loadArgument(flags),
  ...whenAnyBit(CREATES, mode(flags + 1)),
];

const [OPEN, CREAT, CHMOD, MKNOD] = [2, 85, 90, 133];

export const setIdRules: readonly Rule[] = [
  [OPEN, modeAfter(1)],
  [CREAT, mode(1)],
  [CHMOD, mode(1)],
  [MKNOD, mode(1)],
  ['openat', modeAfter(2)],
  ['fchmod', mode(1)],
  ['fchmodat', mode(2)],
  ['fchmodat2', mode(2)],
  ['mknodat', mode(2)],
  // Its mode is in memory, where a filter does not see it.
  hide('openat2'),
];
