// Reading the clocks, in the caller's and in other time namespaces.
import type { InOptions } from '@ns/core';
import {
  inNamespace,
  type Members,
  type NamespaceTarget,
  Program,
  parse,
  runProgramSync,
  withJoins,
  withTarget,
} from '@ns/core/authors';
import { syscall } from '@ns/core/sys';
import { join } from './nanoseconds.js';

/** Numbers of clocks. @see clock_gettime(2) */
const CLOCKS = { realtime: 0, monotonic: 1, boottime: 7 } as const;

/** A clock that {@link readClocks} reads. */
export type Clock = keyof typeof CLOCKS;

/** Parses the options of functions that read from a time namespace. */
export const parseRead = parse.options({ in: inNamespace('time') } satisfies Members<InOptions>);

const names = Object.keys(CLOCKS) as Clock[];

function decode(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return join(view.getBigInt64(0, true), view.getBigInt64(8, true));
}

function fromEntries(values: readonly bigint[]): Record<Clock, bigint> {
  return Object.fromEntries(names.map((name, i) => [name, values[i]])) as Record<Clock, bigint>;
}

/** Reads the clocks in a child that joins the namespace: only a process inside sees them shifted. */
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
 * Returns the clocks as a process in a time namespace sees them, in nanoseconds. `realtime`, the time
 * of day, is the same everywhere. A namespace that `in` names is read by a short-lived child that joins it, which needs CAP_SYS_ADMIN in the user namespace that owns it.
 *
 * @throws {SystemError} EPERM if the namespace of `in` may not be joined
 * @see clock_gettime(2), time_namespaces(7)
 */
export function readClocks(options: InOptions = {}): Record<Clock, bigint> {
  const { in: target } = parseRead(options);
  if (target !== undefined) return readInside(target);
  return fromEntries(
    names.map((name) => {
      const time = new Uint8Array(16);
      syscall('clock_gettime', CLOCKS[name], time);
      return decode(time);
    }),
  );
}
