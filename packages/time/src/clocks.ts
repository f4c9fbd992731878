// Reading the clocks, here and in other time namespaces.
import {
  type NamespaceTarget,
  Program,
  runProgramSync,
  targetOf,
  withJoins,
  withTarget,
} from '@ns/core/authors';
import { syscall } from '@ns/core/sys';
import { join } from './nanoseconds.js';

/** Numbers of clocks. @see clock_gettime(2) */
const CLOCKS = { realtime: 0, monotonic: 1, boottime: 7 } as const;

/** A clock that {@link readClocks} reads. */
export type Clock = keyof typeof CLOCKS;

/** Options of what reads from a time namespace. */
export interface InOptions {
  /** The time namespace: a handle, or the pid of a process in it. Default: the calling thread's. */
  in?: NamespaceTarget;
}

const names = Object.keys(CLOCKS) as Clock[];

function decode(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return join(view.getBigInt64(0, true), view.getBigInt64(8, true));
}

function fromEntries(values: readonly bigint[]): Record<Clock, bigint> {
  return Object.fromEntries(names.map((name, i) => [name, values[i]])) as Record<Clock, bigint>;
}

/** What a time namespace does to a system call can only be seen from inside, so by a child. */
function readInside(target: NamespaceTarget): Record<Clock, bigint> {
  const program = new Program();
  const calls = names.map((name) =>
    program.call('clock_gettime', CLOCKS[name], new Uint8Array(16)),
  );
  const results = withTarget('time', target, (namespace) =>
    withJoins(namespace, (namespaces) => runProgramSync(program, { namespaces })),
  );
  return fromEntries(calls.map((call) => decode(results.bytesOf(call, 1))));
}

/**
 * The clocks as a process in a time namespace sees them, in nanoseconds. `realtime`, the time of
 * day, is the same everywhere. Another namespace than the caller's is read by a short-lived child
 * that joins it, which needs CAP_SYS_ADMIN in the user namespace that owns it.
 *
 * @throws {SystemError} EPERM if the namespace of `in` may not be joined
 * @see clock_gettime(2), time_namespaces(7)
 */
export function readClocks(options: InOptions = {}): Record<Clock, bigint> {
  const target = targetOf(options);
  if (target !== undefined) return readInside(target);
  return fromEntries(
    names.map((name) => {
      const time = new Uint8Array(16);
      syscall('clock_gettime', CLOCKS[name], time);
      return decode(time);
    }),
  );
}
