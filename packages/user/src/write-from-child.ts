// A map of the caller's own ids alone, which the child may write itself.
import { constants } from 'node:fs';
import { AT, type Call, CLONE, type Preparation, type Program } from '@ns/core/authors';
import { O_CLOEXEC, O_PATH } from '@ns/core/sys';
import { formatIdMap, type IdMap, type IdMaps } from './id-map.js';
import type { CallerIds } from './resolve-maps.js';

const isOwnId = (map: IdMap, own: number) =>
  map.length === 1 && map[0]?.length === 1 && map[0].outside === own;

/** True if only the caller's own uid and gid are mapped. */
export function isOwnIds({ uid, gid }: IdMaps, caller: CallerIds): boolean {
  return isOwnId(uid, caller.uid) && isOwnId(gid, caller.gid);
}

const HINT =
  'Where AppArmor restricts user namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns=1), the program needs a profile with "userns,"; in a container, its seccomp filter or profile may forbid them.';

/**
 * Adds the calls by which a process writes the maps of the user namespace that it has made.
 *
 * @param self descriptor of its directory in /proc
 */
export function writeOwnMaps(program: Program, self: Call, { uid, gid }: IdMaps): void {
  const write = (name: string, text: string) => {
    const options = { step: `writing ${name} of the new user namespace`, hint: HINT };
    const flags = constants.O_WRONLY | O_CLOEXEC;
    const fd = program.call('openat', self, name, flags, 0, options);
    program.call('write', fd, text, text.length, { ...options, expect: text.length });
    program.call('close', fd);
  };
  // Without it, a gid map is for the privileged (CVE-2014-8989).
  write('setgroups', 'deny');
  write('uid_map', formatIdMap(uid));
  write('gid_map', formatIdMap(gid));
}

/** Adds the calls by which the child writes the maps through its own /proc/self. */
export function writeFromChild(child: Preparation, maps: IdMaps): void {
  const program = child.program('user');
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | O_CLOEXEC;
  const self = program.call('openat', AT.FDCWD, '/proc/self', flags, 0, { hint: HINT });
  writeOwnMaps(program, self, maps);
  program.call('close', self);
}

/**
 * Adds the calls by which the child makes a user namespace inside of the one that it has joined, and
 * joins it. A process of its own writes the maps: the child itself would have to be dumpable among
 * strangers for that (SECURITY.md S1).
 *
 * @param phase of the join: all of the child's later calls are made inside
 */
export function makeInside(
  child: Preparation,
  phase: 'nested' | 'credentials',
  maps: IdMaps,
): void {
  const step = 'making a user namespace inside of the joined one';
  const flags = O_PATH | constants.O_DIRECTORY | O_CLOEXEC;
  const proc = child.program('open').call('openat', AT.FDCWD, '/proc', flags, 0, { step });
  const program = child.program(phase);
  const keeper = program.makeUser(proc, { step });
  writeOwnMaps(program, keeper, maps);
  const made = program.call('openat', keeper, 'ns/user', constants.O_RDONLY | O_CLOEXEC, 0, {
    step,
  });
  program.call('setns', made, CLONE.NEWUSER, { step });
  for (const fd of [made, keeper, proc]) program.call('close', fd);
  program.endUser();
}
