// Maps of other ids than the caller's own: written by the parent while the child waits, itself if
// it is privileged, else by newuidmap(1) and newgidmap(1).
import { constants } from 'node:fs';
import { SystemError } from '@ns/core';
import { AT, type MeetingChild, type Preparation } from '@ns/core/authors';
import { closeFd, O_CLOEXEC, syscall, trySyscall } from '@ns/core/sys';
import { readCapabilities } from './capability-state.js';
import { formatIdMap, type IdMaps } from './id-map.js';
import { checkHelper, writeWithHelper } from './newuidmap.js';
import type { SetgroupsState } from './read-id-maps.js';

const HINT =
  'All ids outside must be mapped in the namespace that this is written from. An outside id of 0 needs CAP_SETFCAP as well (Linux 5.12).';

/** Writes a file of a child in a single write. */
function write(pid: number, name: string, text: string): void {
  const path = `/proc/${pid}/${name}`;
  const fd = syscall('openat', AT.FDCWD, path, constants.O_WRONLY | O_CLOEXEC, 0);
  try {
    const result = trySyscall('write', fd, text, text.length);
    if (result >= 0) return;
    const step = `writing ${name} of the new user namespace`;
    throw new SystemError(-result, 'write', [fd, text, text.length], { step, hint: HINT });
  } finally {
    closeFd(fd);
  }
}

/** True if the caller may write any map. */
function mayMapAnything(): boolean {
  const { effective } = readCapabilities();
  return effective.has('cap_setuid') && effective.has('cap_setgid');
}

/** Adds the meeting in which the parent writes the maps. Throws if a helper would refuse them. */
export function writeFromParent(
  child: Preparation,
  maps: IdMaps,
  setgroups: SetgroupsState | undefined,
): void {
  const privileged = mayMapAnything();
  if (!privileged) {
    checkHelper('uid', maps.uid);
    checkHelper('gid', maps.gid);
  }
  const act = ({ pid }: MeetingChild) => {
    if (setgroups === 'deny') write(pid, 'setgroups', 'deny');
    if (privileged) {
      write(pid, 'uid_map', formatIdMap(maps.uid));
      write(pid, 'gid_map', formatIdMap(maps.gid));
    } else {
      writeWithHelper('uid', pid, maps.uid);
      writeWithHelper('gid', pid, maps.gid);
    }
  };
  child.program('user').meet(act, { step: 'waiting for its id maps' });
}
