// Reading the offsets of a time namespace.
import { constants, readFileSync, readlinkSync } from 'node:fs';
import type { Namespace } from '@ns/core';
import { AT, Program, runProgramSync, targetOf, withJoins, withTarget } from '@ns/core/authors';
import { O_CLOEXEC } from '@ns/core/sys';
import type { InOptions } from './clocks.js';
import { type Offsets, parseOffsets } from './offsets.js';

// Two lines of a name, a sign, up to 19 digits and 9 digits each.
const LONGEST = 256;

/** A handle names no process to ask, so a child joins and reads its own file. */
function readByJoining(namespace: Namespace): Offsets {
  const program = new Program();
  const path = '/proc/self/timens_offsets';
  const fd = program.call('openat', AT.FDCWD, path, constants.O_RDONLY | O_CLOEXEC, 0);
  const read = program.call('read', fd, new Uint8Array(LONGEST), LONGEST);
  const results = withJoins(namespace, (namespaces) => runProgramSync(program, { namespaces }));
  return parseOffsets(
    Buffer.from(results.bytesOf(read, 1)).toString('latin1', 0, results.resultOf(read)),
  );
}

/**
 * The offsets of a time namespace, in nanoseconds. With a pid, those of the namespace that the
 * process's children are in: /proc tells no others. With a handle, a short-lived child joins it,
 * which needs CAP_SYS_ADMIN in the user namespace that owns it.
 *
 * @throws {Error} with code ENOENT if there is no such process, or no time namespaces (Linux 5.6)
 * @throws {SystemError} EPERM if the namespace may not be joined
 * @see time_namespaces(7)
 * @example readOffsets({ in: child.pid }).boottime // -3600000000000n
 */
export function readOffsets(options: InOptions = {}): Offsets {
  const target = targetOf(options);
  if (target !== undefined && typeof target !== 'number') {
    return withTarget('time', target, readByJoining);
  }
  if (target !== undefined && (!Number.isInteger(target) || target <= 0)) {
    throw new TypeError(`in must be a namespace handle or a pid: ${String(target)}`);
  }
  // Only the directories of processes have the file, but any thread can be asked for as one.
  const pid = target ?? readlinkSync('/proc/thread-self').split('/').at(-1);
  return parseOffsets(readFileSync(`/proc/${pid}/timens_offsets`, 'latin1'));
}
