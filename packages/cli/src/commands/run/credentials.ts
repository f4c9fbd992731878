// The user and group that the command of `ns run` runs as.
import type { SpawnOptions } from '@ns/core';
import { parseId } from '../../arguments/ids.js';
import type { CommandLine } from '../../framework/command-line.js';

/** Returns the ids to run with. */
export function idsOf(commandLine: CommandLine): Pick<SpawnOptions, 'uid' | 'gid'> {
  const [uid, gid] = [commandLine.value('setuid'), commandLine.value('setgid')];
  return {
    ...(uid === undefined ? {} : { uid: parseId('uid', uid, 'setuid') }),
    ...(gid === undefined ? {} : { gid: parseId('gid', gid, 'setgid') }),
  };
}

/** True if ids are taken in the way that keeps capabilities. */
export function keepsCapabilities(commandLine: CommandLine): boolean {
  const takesIds = commandLine.has('setuid') || commandLine.has('setgid');
  return commandLine.has('keep-caps') && takesIds;
}
