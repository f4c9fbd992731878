// Brings up the loopback interface of a network namespace by the classic ioctl: three calls of a child's
// program.
import type { Program } from '@ns/core/authors';

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SIOCSIFFLAGS = 0x8914;
const IFF_UP = 1;
const IFNAMSIZ = 16;

/** struct ifreq: the name, then the flags. */
function request(): Uint8Array {
  const ifreq = Buffer.alloc(40);
  ifreq.write('lo');
  ifreq.writeUInt16LE(IFF_UP, IFNAMSIZ);
  return ifreq;
}

/** Adds the calls that bring the loopback interface up. */
export function addLoopbackUp(program: Program): void {
  const step = 'bringing the loopback interface up';
  const socket = program.call('socket', AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0, { step });
  program.call('ioctl', socket, SIOCSIFFLAGS, request(), { step });
  program.call('close', socket, { step });
}
