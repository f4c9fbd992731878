// The deepest group that holds given processes and no others.

import { isSystemError } from '@ns/core';
import { parse } from '@ns/core/authors';
import { Cgroup } from './cgroup.js';
import { directoryOfProcess, unifiedMount } from './hierarchy.js';

/** Returns all processes in a group and below. */
function members(group: Cgroup): number[] {
  const below = group.listChildren().flatMap((name) => {
    try {
      using child = group.openChild(name);
      return members(child);
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return []; // removed meanwhile
      throw error;
    }
  });
  return [...group.listProcesses(), ...below];
}

/** Returns the deepest directory that contains all of these. */
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
 * Opens the deepest group that holds all these processes, in it or below, if it holds no others. To
 * freeze, measure or limit that group affects only them. Returns null if they share their groups with
 * others.
 *
 * With the processes of a pid namespace, this freezes the namespace as a whole.
 *
 * @param pids in the caller's pid namespace; at least one
 * @throws {SystemError} ENOENT without a v2 tree
 * @example using group = findCommonAncestor(listProcesses({ in: child.pid }).map(({ pid }) => pid));
 *   await group?.freeze();
 */
export function findCommonAncestor(pids: readonly number[]): Cgroup | null {
  parse.list(parse.pid)(pids, 'pids');
  if (pids.length === 0) parse.outOfRange('pids', 'at least one pid', pids);
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
