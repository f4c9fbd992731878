// Modes of files: where commands may write to the host, none with a set-user-ID bit. Such a file would
// make its owner of every user of the host who runs it (SECURITY.md S12).
import { constants } from 'node:os';
import { fail, type Instruction, loadArgument, whenAnyBit } from './bpf.js';
import { hide, type Rule } from './rule.js';

const { EPERM } = constants.errno;

/** Bits of modes that are refused: that of the user, and for root also that of the group. */
export const SET_USER_ID = 0o4000;
export const SET_ANY_ID = 0o6000;

/** O_CREAT and O_TMPFILE: without them, open(2) takes no mode, and anything is in its place. */
const CREATES = 0x40 | 0x40_0000;

const [OPEN, CREAT, CHMOD, MKNOD] = [2, 85, 90, 133];

/** Refuses modes that have one of these bits. */
export function modeRules(bits: number): readonly Rule[] {
  const mode = (argument: number): Instruction[] => [
    loadArgument(argument),
    ...whenAnyBit(bits, [fail(EPERM)]),
  ];
  const modeAfter = (flags: number): Instruction[] => [
    loadArgument(flags),
    ...whenAnyBit(CREATES, mode(flags + 1)),
  ];
  return [
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
}
