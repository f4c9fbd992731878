// The calls that bring an isolated child into its namespaces, joined and new ones.
import { constants } from 'node:fs';
import { type Call, isUserEntry, stepEntry } from '../../program/call.js';
import type { Program } from '../../program/program.js';
import type { Phase } from '../../program/spec.js';
import { O_CLOEXEC } from '../../sys/fd.js';
import { AT, PR } from '../../sys/flags.js';
import {
  allNamespaceTypes,
  flagsOf,
  type NamespaceType,
  namespaceTypes,
} from '../../sys/namespace-types.js';
import type { Child } from '../child.js';
import type { ChildPlan } from '../plan.js';
import { endWithParent } from './parent-death.js';

/** Phases that {@link enterNamespaces} sees to. */
export const phasesOfEntering: ReadonlySet<Phase> = new Set(['open', 'nested', 'clock']);

const KEYCTL_JOIN_SESSION_KEYRING = 1;
const READ = constants.O_RDONLY | O_CLOEXEC;

/**
 * Keeps the runner from being traced. Root in a joined user namespace has every capability
 * over what is in it; only a process that is not dumpable is closed to it (SECURITY.md S1). To be
 * repeated after a change of credentials, which sets the flag to fs.suid_dumpable.
 */
function forbidTracing(program: Program): void {
  program.call('prctl', PR.SET_DUMPABLE, 0, 0, 0, 0);
}

/**
 * Gives up the caller's supplementary groups, which the joined user namespace may not allow to be
 * changed, and its session keyring, which a process keeps whatever its ids.
 *
 * @returns the call that fails if the caller may not change its groups
 */
function leaveCaller(program: Program): Call {
  const part = 'user';
  const step = "giving up the caller's groups and keyring";
  // If a filter or the kernel's configuration refuses it, the child has no keyring to leave.
  const tolerate = ['ENOSYS', 'EPERM', 'EACCES'];
  program.call('keyctl', KEYCTL_JOIN_SESSION_KEYRING, null, { step, part, tolerate });
  return program.call('setgroups', 0, null, { step, part, tolerate: ['EPERM'] });
}

/**
 * Takes ids that are mapped in the user namespace which has just been joined: the caller's own if they
 * are, else root's, else the first ones. Capabilities stay, since an id that is not mapped is not
 * root's. Joining alone changes no ids (SECURITY.md S1).
 */
function takeMappedIds(program: Program, groups: Call): void {
  const part = 'user';
  const step = 'taking ids that are mapped in the joined user namespace';
  const hint = { EINVAL: 'A user namespace without id maps can run nothing: write them first.' };
  const choose = (kind: 'uid' | 'gid', ...ids: readonly (Call | number)[]) => {
    const map = program.call('openat', AT.FDCWD, `/proc/self/${kind}_map`, READ, 0, { step, part });
    const seeming = program.call(`gete${kind}`);
    const id = stepEntry('mappedId', [map, seeming, ...ids], { step, part, hint });
    program.append([id]);
    program.call('close', map);
    return { id, seeming };
  };
  const { id: uid, seeming: seemingUid } = choose('uid', 0, 1);
  const { id: gid } = choose('gid', uid, seemingUid);
  program.call('setgroups', 0, null, { step, part, ifFailed: groups, tolerate: ['EPERM'] });
  program.call('setresgid', gid, gid, gid, { step, part });
  program.call('setresuid', uid, uid, uid, { step, part });
}

/** Joins the handles, user namespace first, which brings the privilege to join the others. */
function joinHandles(program: Program, child: Child): void {
  const { handles, specs, command, hold } = child;
  // A child that is never dumpable, such as one that only makes calls, may keep the caller's ids; but
  // only a mapped id can make a user namespace.
  const takesIds =
    command !== undefined || hold === 'open' || specs.some(({ type }) => type === 'user');
  const find = (type: NamespaceType) => handles.find((candidate) => candidate.type === type);
  const user = find('user');
  // A network may belong to another user namespace than the joined one, and then has to be joined
  // with the caller's own privileges; if it belongs to that one, with those that it brings.
  const network = user && find('net');
  const joined =
    network &&
    program.call('setns', program.descriptor(network.fd), namespaceTypes.net.flag, {
      step: `joining ${network}`,
      part: 'net',
      tolerate: ['EPERM'],
    });
  for (const type of allNamespaceTypes) {
    const handle = find(type);
    if (!handle) continue;
    const fd = program.descriptor(handle.fd);
    const already = handle === network && joined ? { ifFailed: joined } : {};
    const step = `joining ${handle}`;
    const groups = handle === user && takesIds ? leaveCaller(program) : undefined;
    program.call('setns', fd, namespaceTypes[type].flag, { step, part: type, ...already });
    program.call('close', fd);
    if (handle === user) forbidTracing(program);
    if (!groups) continue;
    takeMappedIds(program, groups);
    forbidTracing(program);
  }
}

/**
 * Joins the handles, then makes the new namespaces, which the joined user namespace thus owns. In the
 * runner and not by the flags of the clone: exec would take the capabilities that a new user
 * namespace brings.
 */
export function enterNamespaces(program: Program, { child, owner, programs }: ChildPlan): void {
  const { handles, specs } = child;
  const types = new Set(specs.map(({ type }) => type));
  program.append(programs.open ?? []);
  if (handles.length > 0) forbidTracing(program);
  joinHandles(program, child);
  if (owner) {
    // The maker of a user namespace owns it. Capabilities come back with it.
    const part = 'user';
    const step = 'becoming the owner of the new user namespace';
    // A joined user namespace that denies setgroups(2) leaves the child with the caller's groups.
    const tolerate = handles.some(({ type }) => type === 'user') ? ['EPERM'] : [];
    program.call('setgroups', 0, null, { step, part, tolerate });
    program.call('setresgid', owner.gid, owner.gid, owner.gid, { step, part });
    program.call('setresuid', owner.uid, owner.uid, owner.uid, { step, part });
    if (handles.length > 0) forbidTracing(program);
  }
  const nested = programs.nested?.entries ?? [];
  program.append(nested);
  if (nested.some(isUserEntry)) types.delete('user');
  const [type, ...others] = types;
  if (type !== undefined) {
    program.call('unshare', flagsOf(types), { part: others.length === 0 ? type : 'namespaces' });
  }
  // A change of ids takes its own files in /proc from a process until it is dumpable. It is alone in
  // its namespaces; where it has joined one, it has opened the file before.
  const opens = programs.clock !== undefined && owner !== undefined && handles.length === 0;
  if (opens) program.call('prctl', PR.SET_DUMPABLE, 1, 0, 0, 0);
  // The next clone or exec enters a new time namespace, and fixes its offsets.
  program.append(programs.clock ?? []);
  if (opens) forbidTracing(program);
}

/** Goes on in another process, since pid namespaces, and time namespaces of old, are for children. */
export function goOnInReplacement(program: Program, plan: ChildPlan, status: number): void {
  const { replaced, setTid } = plan;
  if (!replaced) return;
  const tids = Int32Array.from(setTid ?? []);
  program.append([stepEntry('replace', [new Uint8Array(tids.buffer), tids.length])]);
  endWithParent(program, plan, status);
}
