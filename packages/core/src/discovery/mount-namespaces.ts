// The mount namespaces of the machine, one after the other: no process needs to be in them.
import { openCurrent } from '../namespaces/open.js';
import { closeFd } from '../sys/fd.js';
import { trySyscall } from '../sys/syscall.js';

const NS_MNT_GET_NEXT = 0x8010_b70b;
const NS_MNT_GET_PREV = 0x8010_b70c;

/**
 * Opens each mount namespace besides the caller's own that the caller has CAP_SYS_ADMIN over, and
 * hands it over. Finds nothing before Linux 6.12.
 * @see ioctl_nsfs(2)
 */
export function eachMountNamespace(take: (fd: number) => void): void {
  const own = openCurrent('mount', {});
  try {
    for (const request of [NS_MNT_GET_NEXT, NS_MNT_GET_PREV]) {
      for (let at = own; ; ) {
        const next = trySyscall('ioctl', at, request, null);
        if (at !== own) take(at);
        if (next < 0) break; // the last one, or an older kernel
        at = next;
      }
    }
  } finally {
    closeFd(own);
  }
}
