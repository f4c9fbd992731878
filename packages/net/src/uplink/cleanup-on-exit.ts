// Runs a cleanup when a process ends.
import { closeFd, syscall, watch } from '@ns/core/sys';

/**
 * Calls back when the process has ended. Lets the event loop end before that.
 *
 * @returns stops waiting
 */
export function onExit(pid: number, callback: () => void): () => void {
  const pidfd = syscall('pidfd_open', pid, 0);
  let over = false;
  const stop = () => {
    if (over) return;
    over = true;
    watching.close();
    closeFd(pidfd);
  };
  const watching = watch(pidfd, { readable: true }, () => {
    stop();
    callback();
  });
  watching.unref();
  return stop;
}
