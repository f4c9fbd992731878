// The number by which the caller's network namespace knows another one: RTM_GETNSID of rtnetlink(7).
import { closeFd, O_CLOEXEC } from '../sys/fd.js';
import { syscall, trySyscall } from '../sys/syscall.js';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_ROUTE = 0;
const RTM_NEWNSID = 88;
const RTM_GETNSID = 90;
const NLM_F_REQUEST = 1;
const NETNSA_NSID = 1;
const NETNSA_FD = 3;
const HEADER = 16; // nlmsghdr
const FAMILY = 4; // rtgenmsg, aligned
const ATTRIBUTE = 4; // rtattr
const MSG_DONTWAIT = 0x40;

/** Asks for the numbers of network namespaces; {@link close} it. */
export class NetnsIds {
  #socket = -1;

  /** The number of an open network namespace; null if it has none. */
  of(fd: number): number | null {
    if (this.#socket < 0) {
      this.#socket = syscall('socket', AF_NETLINK, SOCK_RAW | O_CLOEXEC, NETLINK_ROUTE);
    }
    const request = new DataView(new ArrayBuffer(HEADER + FAMILY + ATTRIBUTE + 4));
    request.setUint32(0, request.byteLength, true);
    request.setUint16(4, RTM_GETNSID, true);
    request.setUint16(6, NLM_F_REQUEST, true);
    request.setUint16(HEADER + FAMILY, ATTRIBUTE + 4, true);
    request.setUint16(HEADER + FAMILY + 2, NETNSA_FD, true);
    request.setUint32(HEADER + FAMILY + ATTRIBUTE, fd, true);
    syscall('sendto', this.#socket, request, request.byteLength, 0, null, 0);
    const answer = new DataView(new ArrayBuffer(512));
    const size = trySyscall('recvfrom', this.#socket, answer, 512, MSG_DONTWAIT, null, null);
    if (size < HEADER || answer.getUint16(4, true) !== RTM_NEWNSID) return null;
    for (let at = HEADER + FAMILY; at + ATTRIBUTE + 4 <= size; ) {
      const length = answer.getUint16(at, true);
      if (answer.getUint16(at + 2, true) === NETNSA_NSID) {
        const id = answer.getInt32(at + ATTRIBUTE, true);
        return id < 0 ? null : id;
      }
      at += (Math.max(length, ATTRIBUTE) + 3) & ~3;
    }
    return null;
  }

  close(): void {
    if (this.#socket >= 0) closeFd(this.#socket);
    this.#socket = -1;
  }
}
