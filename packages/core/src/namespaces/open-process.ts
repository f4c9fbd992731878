// A process that the caller names by its number, held so that no answer about it is another process's,
// and all of them are of one moment.
import { constants, readFileSync } from 'node:fs';
import { descriptor, pid as parsePid } from '../contract/values.js';
import { closeFd, duplicate, O_CLOEXEC, O_PATH } from '../sys/fd.js';
import { AT } from '../sys/flags.js';
import { allNamespaceTypes, type NamespaceType } from '../sys/namespace-types.js';
import { syscall, trySyscall } from '../sys/syscall.js';
import { SystemError } from '../sys/system-error.js';
import { Namespace } from './namespace.js';
import { pidOf } from './open.js';
import { assertOwners } from './owners.js';

const FLAGS = O_PATH | O_CLOEXEC | constants.O_DIRECTORY;
const ESRCH = 3;
/** A process that changes its namespaces more often while it is looked at does so on purpose. */
const ROUNDS = 10;

function closeAll(handles: readonly Namespace[]): void {
  for (const one of handles) one.close();
}

/** Throws if the process behind a pidfd has been reaped. Until then its number is its own. */
function assertThere(pidfd: number): void {
  // EPERM means that it exists.
  if (trySyscall('pidfd_send_signal', pidfd, 0, null, 0) === -ESRCH) {
    throw new SystemError(ESRCH, 'pidfd_send_signal', [pidfd, 0, null, 0]);
  }
}

/** Opens /proc/PID of the process behind a pidfd. What is read by that descriptor is that process's. */
function openDirectory(pidfd: number, pid: number): number {
  const path = `/proc/${pid}`;
  const fd = syscall('openat', AT.FDCWD, path, FLAGS, 0);
  try {
    assertThere(pidfd);
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/**
 * A process by its pidfd and by its directory in /proc: neither turns to the process that gets the
 * number next. Close it with {@link close} or `using`.
 *
 * @example
 * using target = OpenProcess.open(4711);
 * const handles = target.foreignNamespaces();
 * @see pidfd_open(2), proc(5)
 */
export class OpenProcess {
  /** Its number in the caller's pid namespace, until it is reaped. */
  readonly pid: number;
  readonly #pidfd: number;
  readonly #directory: number;
  #closed = false;

  /** Takes the pidfd over; closes it on failure. */
  private constructor(pidfd: number) {
    try {
      this.pid = pidOf(pidfd);
      this.#pidfd = pidfd;
      this.#directory = openDirectory(pidfd, this.pid);
    } catch (error) {
      closeFd(pidfd);
      throw error;
    }
  }

  /**
   * Opens the process that has this number now.
   *
   * @throws {SystemError} ESRCH if there is none
   */
  static open(pid: number): OpenProcess {
    return new OpenProcess(syscall('pidfd_open', parsePid(pid, 'pid'), 0));
  }

  /**
   * Opens the process behind a pidfd, which stays the caller's.
   *
   * @throws {SystemError} ESRCH if it has been reaped
   * @throws {TypeError} if the descriptor is not a pidfd
   */
  static fromPidfd(pidfd: number): OpenProcess {
    descriptor(pidfd, 'pidfd');
    return new OpenProcess(duplicate(pidfd));
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error(`process ${this.pid} has been closed`);
  }

  /** The pidfd, for system calls. It stays this object's. */
  get pidfd(): number {
    this.#assertOpen();
    return this.#pidfd;
  }

  /** The path of one of its files in /proc, such as `status`, by the descriptor of its directory. */
  path(name: string): string {
    this.#assertOpen();
    return `/proc/self/fd/${this.#directory}/${name}`;
  }

  /**
   * The content of one of its files in /proc.
   *
   * @throws {Error} with code ESRCH or ENOENT once it has been reaped
   */
  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /**
   * Throws if it has been reaped. What was read by its number before was about this process.
   *
   * @throws {SystemError} ESRCH
   */
  assertThere(): void {
    assertThere(this.pidfd);
  }

  #open(types: readonly NamespaceType[]): Namespace[] {
    const handles: Namespace[] = [];
    try {
      for (const type of types) handles.push(Namespace.fromPidfd(this.pidfd, type));
      return handles;
    } catch (error) {
      closeAll(handles);
      throw error;
    }
  }

  /**
   * Handles of its namespaces, all of one moment: they are opened twice, until both times agree. The
   * kernel has no call that opens them together.
   *
   * @param types Default: all
   * @param read reads what else has to belong to the same moment; it is called again if the process
   *   has changed its namespaces meanwhile
   * @throws {SystemError} ESRCH once it has ended, EACCES without the right to trace it
   * @throws {Error} if it goes on changing its namespaces
   */
  namespaces(types: readonly NamespaceType[] = allNamespaceTypes, read?: () => void): Namespace[] {
    let handles = this.#open(types);
    try {
      for (let round = 0; round < ROUNDS; round++) {
        read?.();
        const again = this.#open(types);
        const agree = handles.every((one, i) => one.equals(again[i] as Namespace));
        closeAll(agree ? again : handles);
        if (agree) return handles;
        handles = again;
      }
    } catch (error) {
      closeAll(handles);
      throw error;
    }
    closeAll(handles);
    throw new Error(
      `cannot open the namespaces of process ${this.pid}: it changes them all the time`,
    );
  }

  /**
   * Handles of the namespaces in which it is and the calling thread is not: what has to be joined to
   * be where it is.
   *
   * @param read as for {@link namespaces}
   * @throws {SystemError} as {@link namespaces}
   * @throws {Error} if one of them belongs to another user namespace than the one that would be
   *   joined; see {@link assertOwners}
   */
  foreignNamespaces(read?: () => void): Namespace[] {
    const handles = this.namespaces(allNamespaceTypes, read);
    try {
      const foreign = handles.filter((one) => {
        using own = Namespace.current(one.type);
        return !own.equals(one);
      });
      assertOwners(foreign);
      closeAll(handles.filter((one) => !foreign.includes(one)));
      return foreign;
    } catch (error) {
      closeAll(handles);
      throw error;
    }
  }

  /** Closes both descriptors. A second call does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeFd(this.#directory);
    closeFd(this.#pidfd);
  }

  /** As {@link close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
