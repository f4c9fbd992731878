// Ways that lead to a namespace: through a task, a descriptor, or a mount.
import { constants, fstatSync } from 'node:fs';
import { closeFd, O_CLOEXEC } from '../sys/fd.js';
import { AT } from '../sys/flags.js';
import { namespaceTypes } from '../sys/namespace-types.js';
import { trySyscall } from '../sys/syscall.js';
import type { Entry } from './entry.js';
import { openInRoot } from './pins.js';

const EPERM = 1;
const EACCES = 13;

/** Paths in /proc that lead to a namespace, the best first. */
export function* waysTo({
  type,
  processes,
  threads,
  forChildren,
  descriptors,
}: Pick<
  Entry,
  'type' | 'processes' | 'threads' | 'forChildren' | 'descriptors'
>): Generator<string> {
  const { file, forChildren: childrensFile = file } = namespaceTypes[type];
  for (const list of [processes, threads]) {
    for (const task of list) yield `/proc/${task}/ns/${file}`;
  }
  for (const task of forChildren) yield `/proc/${task}/ns/${childrensFile}`;
  for (const { pid, fd } of descriptors) yield `/proc/${pid}/fd/${fd}`;
}

/** The outcome of an attempt to open a namespace. */
export interface Reached {
  /** The descriptor, if it was opened. */
  readonly fd?: number;
  /** True if the caller was denied a way to it. */
  readonly denied: boolean;
}

/** Opens a namespace by the first way that leads there, and not by now to another one. */
export function reach(entry: Entry): Reached {
  let denied = false;
  const isIt = (fd: number) => {
    if (fstatSync(fd).ino === entry.inode) return true;
    closeFd(fd);
    return false;
  };
  for (const path of waysTo(entry)) {
    const fd = trySyscall('openat', AT.FDCWD, path, constants.O_RDONLY | O_CLOEXEC, 0);
    if (fd === -EPERM || fd === -EACCES) denied = true;
    if (fd >= 0 && isIt(fd)) return { fd, denied };
  }
  for (const { task, path } of entry.pins) {
    const fd = task === 0 ? undefined : openInRoot(task, path);
    if (fd !== undefined && isIt(fd)) return { fd, denied };
  }
  return { denied: denied || entry.pins.length > 0 || entry.sockets.length > 0 };
}
