// For tests: names of network namespaces apart from the machine's own.
import { createNamespace } from '@ns/core';
import { CLONE, MS } from '@ns/core/authors';
import { syscall } from '@ns/core/sys';

/** Lets this thread visit other mount namespaces. Once, before {@link elsewhere}. */
export function mayVisit(): void {
  syscall('unshare', CLONE.FS);
}

/** Runs a function in a mount namespace with an empty /run. */
export function elsewhere<Result>(visit: () => Result): Result {
  using mounts = createNamespace('mount');
  return mounts.enter(() => {
    syscall('mount', null, '/', null, MS.REC | MS.PRIVATE, null);
    syscall('mount', 'tmpfs', '/run', 'tmpfs', 0, null);
    return visit();
  });
}
