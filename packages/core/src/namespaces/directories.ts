// Root and working directory of the calling thread, over a visit to another mount namespace: the
// kernel puts both to the root of the namespace at every setns(2) there, on the way back as well.
import { constants } from 'node:fs';
import { closeFd, O_CLOEXEC, O_PATH } from '../sys/fd.js';
import { AT } from '../sys/flags.js';
import { syscall, trySyscall } from '../sys/syscall.js';
import { stop } from './lost-thread.js';

/** Where the thread was in its own mount namespace. */
export interface Directories {
  /** Goes there again, after the namespace has been left. */
  comeBack(): void;
  /** To be called instead if it was never left. */
  forget(): void;
}

function open(path: string): number {
  return syscall('openat', AT.FDCWD, path, O_PATH | constants.O_DIRECTORY | O_CLOEXEC, 0);
}

function must(result: number): void {
  if (result < 0) stop('mount', -result);
}

/** Remembers root and working directory. */
export function keepDirectories(): Directories {
  const root = open('/');
  let cwd: number;
  try {
    cwd = open('.');
  } catch (error) {
    closeFd(root);
    throw error;
  }
  const forget = () => {
    closeFd(root);
    closeFd(cwd);
  };
  return {
    forget,
    comeBack() {
      must(trySyscall('fchdir', root));
      must(trySyscall('chroot', '.'));
      must(trySyscall('fchdir', cwd));
      forget();
    },
  };
}
