// The signal that a mount table has changed, which the kernel gives with an open mountinfo file.
import { closeFd, syscall, type Watch, watch } from '@ns/core/sys';
import type { Place } from '../perform.js';
import { openTable } from './read.js';

const EPOLL_CTL_ADD = 1;
const EPOLLPRI = 2;
const EPOLL_CLOEXEC = 0o2000000;

/**
 * A descriptor that is readable when the table has changed. The table itself is always readable, and
 * says that it has changed only by POLLPRI, which event loops do not pass on.
 */
function openEpoll(table: number): number {
  const epoll = syscall('epoll_create1', EPOLL_CLOEXEC);
  const size = process.arch === 'x64' ? 12 : 16; // packed there and only there
  const event = new DataView(new ArrayBuffer(size));
  event.setUint32(0, EPOLLPRI, true);
  try {
    syscall('epoll_ctl', epoll, EPOLL_CTL_ADD, table, event);
    return epoll;
  } catch (error) {
    closeFd(epoll);
    throw error;
  }
}

/** Tells that something has changed in a mount table, but not what. */
export class TableSignal {
  /** Descriptor of the mountinfo file. */
  readonly table: number;
  readonly #epoll: number;
  readonly #watch: Watch;

  /** @param changed called on the event loop, which it does not keep alive: see {@link ref} */
  constructor(place: Place, changed: () => void) {
    this.table = openTable(place);
    try {
      this.#epoll = openEpoll(this.table);
    } catch (error) {
      closeFd(this.table);
      throw error;
    }
    this.#watch = watch(this.#epoll, { readable: true }, changed);
    this.#watch.unref();
  }

  ref(): void {
    this.#watch.ref();
  }

  unref(): void {
    this.#watch.unref();
  }

  close(): void {
    this.#watch.close();
    closeFd(this.#epoll);
    closeFd(this.table);
  }
}
