// A child passes one of its descriptors to its parent, through a socket. The parent cannot take it from
// the child: a process that joins a user namespace is closed to all others, its parent included, so that
// processes in that namespace cannot take it over.

import type { Call } from '../program/call.js';
import { Program } from '../program/program.js';
import { closeFd, O_CLOEXEC } from '../sys/fd.js';
import { addressOf } from '../sys/native.js';
import { syscall } from '../sys/syscall.js';
import { SystemError } from '../sys/system-error.js';

const EMFILE = 24;
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_DONTWAIT = 0x40;
const MSG_CMSG_CLOEXEC = 0x4000_0000;
const MFD_CLOEXEC = 1;
const PROT_READ_WRITE = 3;
const MAP_SHARED_FIXED_NOREPLACE = 0x10_0001;

// struct msghdr with all that it points to: one byte of data, and a control message with one
// descriptor.
const MESSAGE = { size: 112, vector: 64, data: 80, control: 88, descriptor: 104 };
const CONTROL_LENGTH = 20;

/** Where the child has the message: above the memory of jobs, below libraries and stacks. */
const ADDRESS = 0x30_0000_0000n;

/** The message as it has to be in memory at this address. */
function message(address: bigint): DataView {
  const view = new DataView(new ArrayBuffer(MESSAGE.size));
  view.setBigUint64(16, address + BigInt(MESSAGE.vector), true);
  view.setBigUint64(24, 1n, true);
  view.setBigUint64(32, address + BigInt(MESSAGE.control), true);
  view.setBigUint64(40, BigInt(MESSAGE.size - MESSAGE.control), true);
  view.setBigUint64(MESSAGE.vector, address + BigInt(MESSAGE.data), true);
  view.setBigUint64(MESSAGE.vector + 8, 1n, true);
  view.setBigUint64(MESSAGE.control, BigInt(CONTROL_LENGTH), true);
  view.setInt32(MESSAGE.control + 8, SOL_SOCKET, true);
  view.setInt32(MESSAGE.control + 12, SCM_RIGHTS, true);
  view.setInt32(MESSAGE.descriptor, -1, true);
  return view;
}

/** The way of one descriptor from a child to us. Close it in any case. */
export class HandOver {
  readonly #ours: number;
  readonly #theirs: number;
  readonly #memory: number;

  constructor() {
    const pair = new Int32Array(2);
    syscall('socketpair', AF_UNIX, SOCK_DGRAM | O_CLOEXEC, 0, pair);
    [this.#ours, this.#theirs] = pair as unknown as [number, number];
    try {
      this.#memory = syscall('memfd_create', 'ns-hand-over', MFD_CLOEXEC);
    } catch (error) {
      closeFd(this.#ours);
      closeFd(this.#theirs);
      throw error;
    }
  }

  /** The calls by which the child hands over what this call of its program returned. */
  send(descriptor: Call): Program {
    const program = new Program();
    // Its number is known only once the child has it.
    program.meet(({ resultOf }) => {
      const view = message(ADDRESS);
      view.setInt32(MESSAGE.descriptor, resultOf(descriptor), true);
      syscall('write', this.#memory, view, MESSAGE.size);
    });
    const memory = program.descriptor(this.#memory);
    const how = MAP_SHARED_FIXED_NOREPLACE;
    program.call('mmap', ADDRESS, MESSAGE.size, PROT_READ_WRITE, how, memory, 0);
    program.call('sendmsg', program.descriptor(this.#theirs), ADDRESS, 0);
    program.call('munmap', ADDRESS, MESSAGE.size);
    program.call('close', memory);
    program.call('close', program.descriptor(this.#theirs));
    return program;
  }

  /** Takes what the child has sent. The descriptor is close-on-exec. */
  receive(): number {
    const memory = new Uint8Array(MESSAGE.size);
    memory.set(new Uint8Array(message(addressOf(memory)).buffer));
    syscall('recvmsg', this.#ours, memory, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    const fd = new DataView(memory.buffer).getInt32(MESSAGE.descriptor, true);
    if (fd < 0) throw new SystemError(EMFILE, 'recvmsg', [this.#ours]); // the kernel just drops it
    return fd;
  }

  /** Closes both ends, and with them descriptors that were sent and not received. */
  close(): void {
    closeFd(this.#ours);
    closeFd(this.#theirs);
    closeFd(this.#memory);
  }
}
