// What a child with an IPC namespace of its own gets.
import type { NamespaceSpec } from '@ns/core';
import { assertKeys, ownOptions } from '@ns/core/authors';
import { writeCalls } from './files.js';
import { type IpcLimits, type LimitInput, limitTexts } from './limits.js';

/** Options of {@link ipc}. */
export interface IpcOptions {
  /** Limits to set inside. Default: the kernel's own. */
  limits?: Readonly<Partial<Record<keyof IpcLimits, LimitInput>>>;
}

// What `sem` says in a new namespace: SEMMSL, SEMMNS, SEMOPM, SEMMNI.
const NEW_SEM = '32000 1024000000 500 32000';

/**
 * A new IPC namespace for a child: no System V objects and no POSIX message queues but its own.
 * They end with the namespace. POSIX shared memory lives in /dev/shm: that is for a mount
 * namespace.
 *
 * @throws {TypeError | RangeError} for what is not a limit or not an integer
 * @see ipc_namespaces(7), unshare(1) `--ipc`
 */
export function ipc(options: IpcOptions = {}): NamespaceSpec {
  assertKeys(options, ['limits'], 'ipc');
  const { limits = {} } = ownOptions(options);
  const texts = limitTexts(limits, () => NEW_SEM);
  return {
    type: 'ipc',
    prepare(child) {
      const program = child.program('settings');
      for (const [path, text] of texts) {
        writeCalls(program, path, text, 'setting limits of its IPC namespace');
      }
    },
  };
}
