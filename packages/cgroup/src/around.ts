// The group that holds certain processes and nobody else.
import { isSystemError } from '@ns/core';
import { Cgroup } from './cgroup.js';
import { directoryOfProcess, unifiedMount } from './hierarchy.js';
import { processNumber } from './values.js';

/** All processes in a group and below. */
function members(group: Cgroup): number[] {
  const below = group.children().flatMap((name) => {
    try {
      using child = group.child(name);
      return members(child);
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return []; // removed meanwhile
      throw error;
    }
  });
  return [...group.processes(), ...below];
}

/** The deepest directory that all of them are in or below. */
function commonDirectory(directories: readonly string[]): string {
  const [first = '', ...others] = directories.map((directory) => directory.split('/'));
  let length = first.length;
  for (const other of others) {
    let same = 0;
    while (same < length && first[same] === other[same]) same++;
    length = same;
  }
  return (first as string[]).slice(0, length).join('/');
}

/**
 * The deepest group that has all these processes in it or below, if it has no others: what freezes,
 * measures or limits that group does it to them alone. Null if they share their groups with others.
 *
 * With the processes of a pid namespace it is how the namespace as a whole is frozen.
 *
 * @param pids in the caller's pid namespace; at least one
 * @throws {SystemError} ENOENT if there is no v2 tree
 * @example using group = cgroupAround(processes({ in: child.pid }).map(({ pid }) => pid));
 *   await group?.freeze();
 */
export function cgroupAround(pids: readonly number[]): Cgroup | null {
  if (pids.length === 0) throw new RangeError('pids must not be empty');
  for (const [i, pid] of pids.entries()) processNumber(`pids[${i}]`, pid);
  const directories = pids.map((pid) => directoryOfProcess(pid));
  if (!directories.every((directory) => directory !== undefined)) return null;
  const { point } = unifiedMount();
  const directory = commonDirectory(directories);
  const group = Cgroup.open(directory.slice(point.length) || '/');
  const wanted = new Set(pids);
  if (members(group).every((pid) => wanted.has(pid))) return group;
  group.close();
  return null;
}
