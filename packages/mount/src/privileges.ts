// Privileges of the calling thread.
import { trySyscall } from '@ns/core/sys';

const CAP_SYS_ADMIN = 21;

/** True if the calling thread has CAP_SYS_ADMIN in its user namespace. */
export function isAdmin(): boolean {
  const header = new Uint32Array([0x2008_0522, 0]);
  const data = new Uint32Array(6);
  trySyscall('capget', header, data);
  return ((data[0] as number) & (1 << CAP_SYS_ADMIN)) !== 0;
}
