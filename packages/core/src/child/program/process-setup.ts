// The calls that make the child's process what its options say.
import { constants } from 'node:fs';
import type { CallOptions } from '../../program/call.js';
import type { Program } from '../../program/program.js';
import { O_CLOEXEC, O_PATH } from '../../sys/fd.js';
import { AT, PR, RESOLVE } from '../../sys/flags.js';
import type { Child } from '../child.js';
import { setPrivilegedAttributes } from '../process-attributes.js';

function changeIds(program: Program, { uid, gid }: Child): void {
  if (uid === undefined && gid === undefined) return;
  // As child_process does: supplementary groups go if that is permitted.
  const part = 'user';
  program.call('setgroups', 0, null, { tolerate: ['EPERM'], part });
  if (gid !== undefined) program.call('setresgid', gid, gid, gid, { part });
  if (uid !== undefined) program.call('setresuid', uid, uid, uid, { part });
  // The kernel has set it to fs.suid_dumpable, which may be 1.
  program.call('prctl', PR.SET_DUMPABLE, 0, 0, 0, 0);
}

/** struct open_how */
const withoutMagicLinks = new Uint8Array(
  BigUint64Array.of(
    BigInt(O_PATH | constants.O_DIRECTORY | O_CLOEXEC),
    0n,
    BigInt(RESOLVE.NO_MAGICLINKS),
  ).buffer,
);

function changeDirectory(program: Program, { directory, specs, handles }: Child): void {
  if (directory === undefined) return;
  const options: CallOptions = { step: 'changing the working directory', part: 'command' };
  if (![...specs, ...handles].some(({ type }) => type === 'mount')) {
    program.call('chdir', directory, options);
    return;
  }
  // The root can be a stranger's: a link to /proc in it must not lead back out.
  const how = withoutMagicLinks;
  const found = program.call('openat2', AT.FDCWD, directory, how, how.length, options);
  program.call('fchdir', found, options);
  program.call('close', found);
}

/**
 * Returns true for a child that a stranger can trace, and to which no descriptor of the caller's was
 * given: the caller's terminal must not be left to it by the session either (SECURITY.md S7).
 */
function leavesSession({ handles, stdio, attributes }: Child): boolean {
  return (
    handles.some(({ type }) => type === 'user') &&
    attributes.processGroup === undefined &&
    stdio.every((one) => one === 'pipe' || one === 'ignore' || one === 'ipc')
  );
}

/** Session, directory, attributes and ids. */
export function setUpProcess(program: Program, options: Child): void {
  const { detached, attributes, terminal } = options;
  if (detached || (!terminal && leavesSession(options))) program.call('setsid');
  changeDirectory(program, options);
  setPrivilegedAttributes(program, attributes);
  changeIds(program, options);
}
