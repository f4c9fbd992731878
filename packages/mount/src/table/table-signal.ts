// The signal that a mount table has changed, which the kernel gives with an open mountinfo file.
import type { NamespaceTarget } from '@ns/core/authors';
import { closeFd, syscall, type Watch, watch } from '@ns/core/sys';
import { openTable } from './list-mounts.js';

const EPOLL_CTL_ADD = 1;
const EPOLLPRI = 2;
const EPOLL_CLOEXEC = 0o2000000;

/**
 * Returns a descriptor that is readable when the table has changed. The table itself is always readable,
 * and reports a change only by POLLPRI, which event loops do not pass on.
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

/** The signal that a mount table may have changed. */
export class TableSignal {
  /** Descriptor of the mountinfo file. */
  readonly table: number;
  readonly #epoll: number;
  readonly #watch: Watch;
  #start: NodeJS.Immediate;

  /** @param changed called on the event loop, which it does not keep alive: see {@link ref} */
  constructor(target: NamespaceTarget | undefined, changed: () => void) {
    this.table = openTable(target);
    try {
      this.#epoll = openEpoll(this.table);
    } catch (error) {
      closeFd(this.table);
      throw error;
    }
    this.#watch = watch(this.#epoll, { readable: true }, changed);
    this.#watch.unref();
    // The event loop begins to wait for the descriptor between two immediates from now. That takes the
    // signal of a change up to then, so the table counts as changed after that moment.
    this.#start = setImmediate(() => {
      this.#start = setImmediate(changed);
    });
  }

  ref(): void {
    this.#watch.ref();
  }

  unref(): void {
    this.#watch.unref();
  }

  close(): void {
    clearImmediate(this.#start);
    this.#watch.close();
    closeFd(this.#epoll);
    closeFd(this.table);
  }
}
