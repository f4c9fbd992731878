// A map of nothing but the caller's own ids, which the child may write itself.
import { constants } from 'node:fs';
import { AT, type Preparation } from '@ns/core';
import { O_CLOEXEC } from '@ns/core/sys';
import type { CallerIds } from './choice.js';
import { formatIdMap, type IdMap, type IdMaps } from './id-map.js';

const isOwnId = (map: IdMap, own: number) =>
  map.length === 1 && map[0]?.length === 1 && map[0].outside === own;

/** Whether nothing but the caller's own uid and gid is mapped. */
export function isOwnIds({ uid, gid }: IdMaps, caller: CallerIds): boolean {
  return isOwnId(uid, caller.uid) && isOwnId(gid, caller.gid);
}

const HINT =
  'Where AppArmor restricts user namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns=1), the program needs a profile with "userns,"; in a container, its seccomp filter or profile may forbid them.';

/** Writes the maps through the child's own /proc/self. */
export function writeFromInside(child: Preparation, { uid, gid }: IdMaps): void {
  const program = child.program('user');
  const write = (name: string, text: string) => {
    const options = { step: `writing ${name} of the new user namespace`, hint: HINT };
    const path = `/proc/self/${name}`;
    const flags = constants.O_WRONLY | O_CLOEXEC;
    const fd = program.call('openat', AT.FDCWD, path, flags, 0, options);
    program.call('write', fd, text, text.length, { ...options, expect: text.length });
    program.call('close', fd);
  };
  // Without it, a gid map is for the privileged (CVE-2014-8989).
  write('setgroups', 'deny');
  write('uid_map', formatIdMap(uid));
  write('gid_map', formatIdMap(gid));
}
