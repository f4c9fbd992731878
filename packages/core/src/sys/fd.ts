// File descriptors: close, pipes, flags. All are made close-on-exec.
import { F } from './flags.js';
import { syscall, trySyscall } from './syscall.js';

/** O_CLOEXEC of open(2), which Node does not export. */
export const O_CLOEXEC = 0o2000000;
/** O_PATH of open(2): only a handle to the file, not its content. */
export const O_PATH = 0o10000000;

/** Throws unless the value can be a file descriptor. */
export function assertFd(fd: number, name = 'fd'): void {
  if (!Number.isInteger(fd) || fd < 0 || fd > 0x7fffffff) {
    throw new RangeError(`${name} must be a file descriptor: ${String(fd)}`);
  }
}

/** close(2). On Linux the descriptor is gone whatever it returns. */
export function closeFd(fd: number): void {
  trySyscall('close', fd);
}

/** pipe2(2) with O_CLOEXEC. */
export function pipe(): { read: number; write: number } {
  const pair = new Int32Array(2);
  syscall('pipe2', pair, O_CLOEXEC);
  return { read: pair[0] as number, write: pair[1] as number };
}

/** A duplicate that is close-on-exec, numbered `minimum` or above. */
export function duplicate(fd: number, minimum = 3): number {
  return syscall('fcntl', fd, F.DUPFD_CLOEXEC, minimum);
}
