// The runner: a static executable of a few KB (native/runner.c) in a sealed memfd, so that there is no
// file to find in any root file system and nothing to overwrite through /proc/PID/exe.
import { readFileSync } from 'node:fs';
import { prebuilt } from '../prebuilt.js';
import { closeFd } from '../sys/fd.js';
import { F } from '../sys/flags.js';
import { syscall, trySyscall } from '../sys/syscall.js';

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const MFD_EXEC = 16;
const EINVAL = 22;
const READ_AND_EXECUTE = 0o555;
const SEALS = 0xf; // seal, shrink, grow, write
const SEAL_EXEC = 0x20;

let image: Buffer | undefined;

function createMemory(): number {
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  // MFD_EXEC says that it is meant (Linux 6.3). Older kernels do not know it.
  const fd = trySyscall('memfd_create', 'ns-runner', flags | MFD_EXEC);
  if (fd >= 0) return fd;
  return syscall('memfd_create', 'ns-runner', fd === -EINVAL ? flags : flags | MFD_EXEC);
}

/**
 * Opens a runner for one child. Each has its own: an init is the executable of a process that its
 * command can see, and the owner of a file can change its mode, lock it or lease it, which must not
 * touch any other child (SECURITY.md S7).
 *
 * @returns a descriptor, which the caller closes
 */
export function openRunner(): number {
  image ??= readFileSync(prebuilt('runner'));
  const fd = createMemory();
  try {
    if (syscall('write', fd, image, image.length) !== image.length) {
      throw new Error('could not write the runner to memory');
    }
    syscall('fchmod', fd, READ_AND_EXECUTE);
    // Only Linux 6.3 and later can seal the mode.
    if (trySyscall('fcntl', fd, F.ADD_SEALS, SEALS | SEAL_EXEC) < 0) {
      syscall('fcntl', fd, F.ADD_SEALS, SEALS);
    }
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}
