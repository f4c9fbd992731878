// Duplicates of what a call names, taken when the call is made (SECURITY.md S2). The clone of an
// asynchronous call happens later, on a thread of libuv's pool. Until then the caller may close a
// descriptor, whose number can become another file's, or change its directory or its umask.

import { constants, readFileSync } from 'node:fs';
import type { Rollback } from '../contract/rollback.js';
import { withoutPrototype } from '../contract/values.js';
import { Program } from '../program/program.js';
import { closeFd, duplicate, O_CLOEXEC, O_PATH } from '../sys/fd.js';
import { AT, CLONE } from '../sys/flags.js';
import { trySyscall } from '../sys/syscall.js';
import type { ChildPlan } from './plan.js';
import { parentDescriptors } from './program/child-program.js';

/** Returns the umask of the calling thread. `process.umask()` would clear it for a moment, for all threads. */
function readUmask(): number {
  const text = /^Umask:\s*([0-7]+)$/m.exec(readFileSync('/proc/thread-self/status', 'latin1'))?.[1];
  return text === undefined ? process.umask() : Number.parseInt(text, 8);
}

/** Duplicates of the caller's descriptors, for one call. They are closed at the end of the launch. */
export class Duplicates {
  readonly #numbers = new Map<number, number>();
  readonly #rollback: Rollback;

  constructor(rollback: Rollback) {
    this.#rollback = rollback;
  }

  /**
   * Duplicates a descriptor of the caller, once.
   *
   * @returns the number of the duplicate
   */
  number(fd: number): number {
    const known = this.#numbers.get(fd);
    if (known !== undefined) return known;
    const copy = duplicate(fd);
    this.#rollback.always(() => closeFd(copy));
    this.#numbers.set(fd, copy);
    return copy;
  }

  /**
   * Duplicates every descriptor that a plan names: handles, those of its programs, the cgroup. Adds
   * the calls that set the directory and the umask of this moment.
   */
  plan(plan: ChildPlan): ChildPlan {
    const { child, programs, isolated } = plan;
    for (const { fd } of child.handles) this.number(fd);
    for (const program of Object.values(programs)) {
      for (const fd of parentDescriptors(program)) this.number(fd);
    }
    const clone = withoutPrototype(plan.clone);
    if (clone.cgroup !== undefined) clone.cgroup = this.number(clone.cgroup);
    const first = this.#surroundings();
    if (!isolated && plan.creates.has('mount')) {
      // The directory was opened in the caller's mounts. By a clone into new ones the child would go
      // from those back into the caller's.
      clone.flags -= CLONE.NEWNS;
      first.call('unshare', CLONE.NEWNS);
    }
    return { ...plan, clone, duplicates: this.#numbers, first: first.entries };
  }

  /** Returns the calls that give the child the directory and the umask of this moment. */
  #surroundings(): Program {
    const program = new Program();
    program.call('umask', readUmask());
    const flags = O_PATH | constants.O_DIRECTORY | O_CLOEXEC;
    const directory = trySyscall('openat', AT.FDCWD, '.', flags, 0);
    // A directory that may not be searched can be stayed in, but not be gone to: then the child has
    // the caller's directory at the time of the clone.
    if (directory < 0) return program;
    this.#rollback.always(() => closeFd(directory));
    program.call('fchdir', directory, {
      step: 'keeping the working directory',
      tolerate: ['EACCES'],
    });
    return program;
  }
}
