// The root directory of a process, by a descriptor.
import { constants } from 'node:fs';
import { AT, type OpenProcess } from '@ns/core/authors';
import { closeFd, O_CLOEXEC, O_PATH, syscall } from '@ns/core/sys';

/** An open directory. */
export interface Place {
  readonly fd: number;
  close(): void;
}

/** Opens the root directory of a process. */
export function openRoot(process: OpenProcess): Place {
  const flags = O_PATH | O_CLOEXEC | constants.O_DIRECTORY;
  const fd = syscall('openat', AT.FDCWD, process.path('root'), flags, 0);
  let open = true;
  return {
    get fd() {
      if (!open) throw new Error('the sandbox has been stopped');
      return fd;
    },
    close() {
      if (!open) return;
      open = false;
      closeFd(fd);
    },
  };
}
