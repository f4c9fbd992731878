// A group as a directory: its path and descriptor.
import type { ControlFiles } from './control-files.js';
import { unifiedMount } from './hierarchy.js';

/** The part of {@link Cgroup} that is about its directory. */
export abstract class GroupDirectory {
  /** @internal */
  protected readonly files: ControlFiles;

  /** @internal */
  protected constructor(files: ControlFiles) {
    this.files = files;
  }

  /** The absolute path of the directory. */
  get directory(): string {
    return this.files.path;
  }

  /** The path from the root of the mounted tree: `/` for that root. */
  get path(): string {
    return this.files.path.slice(unifiedMount().point.length) || '/';
  }

  /** The descriptor of the directory, for `spawn(..., { cgroup })`. This object closes it. */
  get fd(): number {
    return this.files.fd;
  }

  /** True once this object is closed. */
  get closed(): boolean {
    return this.files.closed;
  }

  /** True for the root of the machine's tree, the only group without limits. */
  get isRoot(): boolean {
    return this.files.readIfThere('cgroup.type') === undefined;
  }

  /** Closes the descriptor. The group stays. A second call does nothing. */
  close(): void {
    this.files.close();
  }

  /** Closes the descriptor, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
