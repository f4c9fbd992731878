// Reading the offsets of a time namespace.
import { constants, readFileSync, readlinkSync } from 'node:fs';
import type { InOptions, Namespace } from '@ns/core';
import { AT, Program, runProgramSync, withJoins, withTarget } from '@ns/core/authors';
import { O_CLOEXEC } from '@ns/core/sys';
import { type Offsets, parseOffsets } from './offsets.js';
import { parseRead } from './read-clocks.js';

// Two lines of a name, a sign, up to 19 digits and 9 digits each.
const LONGEST = 256;

/** Reads the offsets of a handle: a child joins the namespace and reads its own file. */
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
 * Returns the offsets of a time namespace, in nanoseconds. For a pid they are those of the namespace
 * that new children of the process are in, the only ones that /proc shows. For a handle, a short-lived child joins it,
 * which needs CAP_SYS_ADMIN in the user namespace that owns it.
 *
 * @throws {Error} ENOENT if the process does not exist, or the kernel lacks time namespaces (before Linux 5.6)
 * @throws {SystemError} EPERM if the namespace may not be joined
 * @see time_namespaces(7)
 * @example readOffsets({ in: child.pid }).boottime // -3600000000000n
 */
export function readOffsets(options: InOptions = {}): Offsets {
  const { in: target } = parseRead(options);
  if (target !== undefined && typeof target !== 'number') {
    return withTarget('time', target, readByJoining);
  }
  // Only the directories of processes have the file, but /proc/TID is one for every thread.
  const pid = target ?? readlinkSync('/proc/thread-self').split('/').at(-1);
  return parseOffsets(readFileSync(`/proc/${pid}/timens_offsets`, 'latin1'));
}
