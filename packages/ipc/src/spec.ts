// The spec of a new IPC namespace.
import type { NamespaceSpec } from '@ns/core';
import { type Members, parse } from '@ns/core/authors';
import { type LimitsToWrite, limitTexts, parseLimits } from './limits.js';
import { writeCalls } from './proc-files.js';

/** Options of {@link ipc}. */
export interface IpcOptions {
  /** Limits inside. Default: the kernel's own. */
  limits?: LimitsToWrite | undefined;
}

const parseIpc = parse.options({ limits: parseLimits } satisfies Members<IpcOptions>);

// The content of `sem` in a new namespace: SEMMSL, SEMMNS, SEMOPM, SEMMNI.
const NEW_SEM = '32000 1024000000 500 32000';

/**
 * Returns the spec of a new IPC namespace. It starts without System V objects and POSIX message queues,
 * and its objects end with it. POSIX shared memory belongs to /dev/shm, and so to a mount namespace.
 *
 * @throws {TypeError | RangeError} for an unknown limit or a value that is not an integer
 * @see ipc_namespaces(7), unshare(1) `--ipc`
 */
export function ipc(options: IpcOptions = {}): NamespaceSpec {
  const { limits } = parseIpc(options, 'ipc');
  const texts = limits === undefined ? [] : limitTexts(limits, () => NEW_SEM);
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
