// The root directory of a process, by a descriptor.
import { constants } from 'node:fs';
import { AT, type OpenProcess } from '@ns/core/authors';
import { closeFd, O_CLOEXEC, O_PATH, syscall } from '@ns/core/sys';

/** An open root directory. */
export interface RootDirectory {
  /** The descriptor. @throws {Error} once it is closed */
  readonly fd: number;
  /** Closes the descriptor. A second call does nothing. */
  close(): void;
}

/** Opens the root directory of a process. */
export function openRootDirectory(process: OpenProcess): RootDirectory {
  const flags = O_PATH | O_CLOEXEC | constants.O_DIRECTORY;
  const fd = syscall('openat', AT.FDCWD, process.path('root'), flags, 0);
  let isOpen = true;
  return {
    get fd() {
      if (!isOpen) throw new Error('the sandbox has been stopped');
      return fd;
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      closeFd(fd);
    },
  };
}
