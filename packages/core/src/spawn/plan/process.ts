// The calls that make the child's process what its options say.
import { PR } from '../../flags.js';
import type { Program } from '../../program/program.js';
import { setPrivilegedAttributes } from '../attributes.js';
import type { ChildOptions } from '../checked.js';

function changeIds(program: Program, { uid, gid }: ChildOptions): void {
  if (uid === undefined && gid === undefined) return;
  program.call('prctl', PR.SET_DUMPABLE, 0, 0, 0, 0);
  // As child_process does: supplementary groups go if that is permitted.
  program.call('setgroups', 0, null, { tolerate: ['EPERM'] });
  if (gid !== undefined) program.call('setresgid', gid, gid, gid);
  if (uid !== undefined) program.call('setresuid', uid, uid, uid);
}

/** Session, directory, attributes and ids. */
export function setUpProcess(program: Program, options: ChildOptions): void {
  const { detached, directory, attributes } = options;
  if (detached) program.call('setsid');
  if (directory !== undefined) program.call('chdir', directory);
  setPrivilegedAttributes(program, attributes);
  changeIds(program, options);
}
