// Reads all namespaces of one task from /proc at once. Lean, because a list of all namespaces of the
// machine is ten of these reads for each of its tasks.
import { constants } from 'node:fs';
import { closeFd, O_CLOEXEC, O_PATH } from '../sys/fd.js';
import { AT } from '../sys/flags.js';
import { allNamespaceTypes, type NamespaceType, namespaceTypes } from '../sys/namespace-types.js';
import { addressOf, rawSyscall } from '../sys/native.js';
import { syscallNumber } from '../sys/numbers.js';
import { cString, trySyscall } from '../sys/syscall.js';

const READLINKAT = syscallNumber('readlinkat');
const EPERM = 1;
const EACCES = 13;
const LEFT_BRACKET = 0x5b;
const DIGIT_0 = 0x30;

/** One of the links in /proc/PID/ns. */
export interface Link {
  readonly type: NamespaceType;
  /** Index of the link that tells where the task itself is, if this one is about its children. */
  readonly own?: number;
}

/** All links: first the eight of the task itself, then those for its children. */
export const links: readonly Link[] = [
  ...allNamespaceTypes.map((type) => ({ type })),
  ...allNamespaceTypes
    .filter((type) => namespaceTypes[type].forChildren !== undefined)
    .map((type) => ({ type, own: allNamespaceTypes.indexOf(type) })),
];

/** Memory with its address; the address is good only as long as the memory is referenced. */
const located = (memory: Uint8Array) => ({ memory, address: addressOf(memory) });
const names = links.map(({ type, own }) => {
  const { file, forChildren } = namespaceTypes[type];
  return located(cString((own === undefined ? file : forChildren) ?? file));
});
const LONGEST = 64;
const target = located(new Uint8Array(LONGEST));

/** The number in `net:[4026531840]`. */
function inodeIn(text: Uint8Array, length: number): number {
  let inode = 0;
  for (let i = text.indexOf(LEFT_BRACKET) + 1; i < length - 1; i++) {
    inode = inode * 10 + (text[i] as number) - DIGIT_0;
  }
  return inode;
}

/**
 * Reads the links of a task (`/proc/PID` or `/proc/PID/task/TID`) into `inodes`, 0 for what it has
 * not (a zombie has next to none). Through one descriptor, so that all are of the same task, even if
 * its number goes to another one meanwhile.
 *
 * @returns false if the caller may not see them
 */
export function readLinks(task: string, inodes: Float64Array): boolean {
  inodes.fill(0);
  const flags = O_PATH | constants.O_DIRECTORY | O_CLOEXEC;
  const directory = trySyscall('openat', AT.FDCWD, `${task}/ns`, flags, 0);
  if (directory < 0) return directory !== -EACCES && directory !== -EPERM;
  try {
    for (let i = 0; i < names.length; i++) {
      const { address } = names[i] as (typeof names)[number];
      const length = Number(
        rawSyscall(READLINKAT, directory, address, target.address, LONGEST, 0, 0),
      );
      if (length > 0) inodes[i] = inodeIn(target.memory, length);
      else if (length === -EACCES || length === -EPERM) return false;
    }
    return true;
  } finally {
    closeFd(directory);
  }
}
