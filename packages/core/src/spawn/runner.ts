// The runner: our small static executable (native/init.c), held in a sealed memfd, so that there
// is no file to find in any root file system and nothing to overwrite through /proc/PID/exe.
import { readFileSync } from 'node:fs';
import { F } from '../flags.js';
import { prebuilt } from '../prebuilt.js';
import { closeFd } from '../sys/fd.js';
import { rawRunner } from '../sys/native.js';
import { syscall, trySyscall } from '../sys/syscall.js';

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const MFD_EXEC = 16;
const EINVAL = 22;
const SEAL_ALL = 0x1f; // seal, shrink, grow, write, exec
const SEAL_ALL_BEFORE_6_3 = 0xf;

function open(): number {
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  // MFD_EXEC says that it is meant (Linux 6.3); older kernels do not know it.
  let fd = trySyscall('memfd_create', 'ns-init', flags | MFD_EXEC);
  if (fd === -EINVAL) fd = syscall('memfd_create', 'ns-init', flags);
  else if (fd < 0) fd = syscall('memfd_create', 'ns-init', flags | MFD_EXEC);
  try {
    const image = readFileSync(prebuilt('init'));
    if (syscall('write', fd, image, image.length) !== image.length) {
      throw new Error('could not write the runner to memory');
    }
    if (trySyscall('fcntl', fd, F.ADD_SEALS, SEAL_ALL) < 0) {
      syscall('fcntl', fd, F.ADD_SEALS, SEAL_ALL_BEFORE_6_3);
    }
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/** Descriptor of the runner: one for the process, Workers included. */
export function runnerFd(): number {
  const held = rawRunner(-1);
  if (held >= 0) return held;
  const fd = open();
  const kept = rawRunner(fd);
  if (kept !== fd) closeFd(fd); // another thread was first
  return kept;
}
