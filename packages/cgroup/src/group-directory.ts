// A group as a directory: where it is, and the descriptor that stands for it.
import type { ControlFiles } from './files.js';
import { unifiedMount } from './hierarchy.js';

/** What every part of {@link Cgroup} is about. */
export abstract class GroupDirectory {
  /** @internal */
  protected readonly files: ControlFiles;

  /** @internal */
  protected constructor(files: ControlFiles) {
    this.files = files;
  }

  /** Its directory. */
  get directory(): string {
    return this.files.path;
  }

  /** Its path from the root of the mounted tree: `/` for that root. */
  get path(): string {
    return this.files.path.slice(unifiedMount().point.length) || '/';
  }

  /** The descriptor of the directory, for `spawn(..., { cgroup })`. It stays this object's. */
  get fd(): number {
    return this.files.fd;
  }

  /** Whether this object is closed. */
  get closed(): boolean {
    return this.files.closed;
  }

  /** Whether it is the root of the machine's tree: the one group without limits of its own. */
  get isRoot(): boolean {
    return this.files.readIfThere('cgroup.type') === undefined;
  }

  /** Closes the descriptor; the group stays. Again is no error. */
  close(): void {
    this.files.close();
  }

  /** As {@link close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
