// The calls that bring an isolated child into its namespaces, joined and new ones.
import { PR } from '../../flags.js';
import {
  allNamespaceTypes,
  flagsOf,
  type NamespaceType,
  namespaceTypes,
} from '../../namespaces/types.js';
import { stepEntry } from '../../program/call.js';
import type { Program } from '../../program/program.js';
import type { Draft } from './draft.js';
import { endWithParent } from './parent-death.js';

/**
 * Joins the handles, user namespace first, then makes the new namespaces, which the joined user
 * namespace thus owns. In the runner and not by the flags of the clone: exec would take the
 * capabilities that a new user namespace brings.
 */
export function enterNamespaces(program: Program, { options, owner, programs }: Draft): void {
  const { handles, specs } = options;
  const types = specs.map(({ type }) => type);
  // Whoever is root in a joined namespace must not reach the runner's memory and descriptors.
  if (handles.length > 0) program.call('prctl', PR.SET_DUMPABLE, 0, 0, 0, 0);
  const find = (type: NamespaceType) => handles.find((candidate) => candidate.type === type);
  // A network may belong to another user namespace than the joined one, and then has to be joined
  // with the caller's own privileges; if it belongs to that one, with those that it brings.
  const network = find('user') && find('net');
  const joined =
    network &&
    program.call('setns', program.descriptor(network.fd), namespaceTypes.net.flag, {
      step: `joining ${network}`,
      tolerate: ['EPERM'],
    });
  for (const type of allNamespaceTypes) {
    const handle = find(type);
    if (!handle) continue;
    const fd = program.descriptor(handle.fd);
    const already = handle === network && joined ? { ifFailed: joined } : {};
    const step = `joining ${handle}`;
    program.call('setns', fd, namespaceTypes[type].flag, { step, ...already });
    program.call('close', fd);
  }
  if (owner) {
    // Whoever makes a user namespace owns it; capabilities come back with it.
    const step = 'becoming the owner of the new user namespace';
    // Where a joined user namespace denies it, nobody can have other groups than the caller's.
    const tolerate = handles.some(({ type }) => type === 'user') ? ['EPERM'] : [];
    program.call('setgroups', 0, null, { step, tolerate });
    program.call('setresgid', owner.gid, owner.gid, owner.gid, { step });
    program.call('setresuid', owner.uid, owner.uid, owner.uid, { step });
  }
  if (types.length > 0) program.call('unshare', flagsOf(types));
  // Its own files in /proc, for maps and offsets, are the process's only while it is dumpable. The
  // handles are closed by now; what is left are the command's own descriptors and two pipes.
  const dumpable = (value: 0 | 1) => program.call('prctl', PR.SET_DUMPABLE, value, 0, 0, 0);
  const writes = handles.length > 0 && (types.includes('user') || types.includes('time'));
  if (writes) dumpable(1);
  // The next clone or exec enters a new time namespace, and fixes its offsets.
  program.append(programs.clock ?? []);
  if (writes && !types.includes('user')) dumpable(0);
}

/** Goes on in another process, since pid namespaces, and time namespaces of old, are for children. */
export function goOnInReplacement(program: Program, draft: Draft, status: number): void {
  const { replaced, setTid } = draft;
  if (!replaced) return;
  const tids = Int32Array.from(setTid ?? []);
  program.append([stepEntry('replace', [new Uint8Array(tids.buffer), tids.length])]);
  endWithParent(program, draft, status);
}
