// The loopback interface, the one that every network namespace has, by the classic ioctl:
// three calls, which a child's program can make as well as this process.
import type { Program } from '@ns/core/authors';
import { closeFd, syscall } from '@ns/core/sys';

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

/** Brings the loopback interface up where the calling thread is. */
export function bringLoopbackUp(): void {
  const socket = syscall('socket', AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  try {
    syscall('ioctl', socket, SIOCSIFFLAGS, request());
  } finally {
    closeFd(socket);
  }
}

/** The same as calls of a child's program. */
export function addLoopbackUp(program: Program): void {
  const step = 'bringing the loopback interface up';
  const socket = program.call('socket', AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0, { step });
  program.call('ioctl', socket, SIOCSIFFLAGS, request(), { step });
  program.call('close', socket, { step });
}
