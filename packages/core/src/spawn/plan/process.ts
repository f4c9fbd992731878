// The calls that make a child's process what its options say: session, directory, attributes,
// credentials.
import { PR } from '../../flags.js';
import type { Call } from '../../program/call.js';
import { Program } from '../../program/program.js';
import type { ChildOptions } from '../checked.js';

export function sessionCalls({ detached }: ChildOptions): Call[] {
  if (!detached) return [];
  const program = new Program();
  program.call('setsid');
  return [...program.entries];
}

export function directoryCalls({ directory }: ChildOptions): Call[] {
  if (directory === undefined) return [];
  const program = new Program();
  program.call('chdir', directory);
  return [...program.entries];
}

export function credentialCalls({ uid, gid }: ChildOptions): Call[] {
  const program = new Program();
  if (uid === undefined && gid === undefined) return [];
  program.call('prctl', PR.SET_DUMPABLE, 0, 0, 0, 0);
  // As child_process does: supplementary groups go if that is permitted.
  program.call('setgroups', 0, null, { tolerate: ['EPERM'] });
  if (gid !== undefined) program.call('setresgid', gid, gid, gid);
  if (uid !== undefined) program.call('setresuid', uid, uid, uid);
  return [...program.entries];
}
