// The end of a process that something is for.
import { closeFd, syscall, watch } from '@ns/core/sys';

/** Calls back when the process has ended. Gives what takes that back; it keeps nothing alive. */
export function onEnd(pid: number, callback: () => void): () => void {
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
