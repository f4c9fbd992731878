// What this user may do: really tried, by children that end at once. Nothing stays, and nothing is
// kept in memory, because a setting of the machine can change the answer at any moment.

import { runProgramSync } from '../commands/run-program.js';
import type { Call } from '../program/call.js';
import { Program } from '../program/program.js';
import { AT } from '../sys/flags.js';
import { allNamespaceTypes, type NamespaceType, namespaceTypes } from '../sys/namespace-types.js';
import { isSystemError } from '../sys/system-error.js';

const ANY_ERROR = [
  ...['EPERM', 'ENOENT', 'EBADF', 'EAGAIN', 'ENOMEM', 'EACCES', 'EBUSY', 'ENODEV', 'EINVAL'],
  ...['ENOSPC', 'ENOSYS', 'EOPNOTSUPP', 'EUSERS', 'ENOTTY', 'E2BIG'],
];
const tolerant = { tolerate: ANY_ERROR };
// The overflow ids: they own no files. The child that takes them ends afterwards.
const NOBODY = 65534;
const MOUNT_ATTR_IDMAP = 0x10_0000n;
const MOVE_MOUNT_BENEATH = 0x200;
const FSCONFIG_CMD_CREATE = 6;
const NO_FD = 0x7fff_ffff; // never open: the kernel allows far fewer

/** Results of the calls tried: negative error numbers, or the text of why none could be made. */
export interface Attempts {
  /** Each type, made as this user. */
  readonly direct: ReadonlyMap<NamespaceType, number> | string;
  /** setns(2) with a pidfd. */
  readonly pidfdSetns: number;
  /** Becoming an ordinary user; 0 for who is one. */
  readonly ordinary: number;
  /** Each type, made by an ordinary user: first user, then the others in it. */
  readonly rootless: ReadonlyMap<NamespaceType, number> | string;
  readonly idMappedMounts: number;
  readonly mountBeneath: number;
  /** Of fsopen(2), and then of making the file system. */
  readonly overlay: readonly [number, number];
  /** Of mounting a new proc in new user, pid and mount namespaces. */
  readonly proc: number | string;
}

/** Stands for the result of what was not tried, because what comes before it has failed. */
export const NOT_TRIED = Number.NEGATIVE_INFINITY;

function mountAttributes(): Uint8Array {
  const words = BigUint64Array.of(MOUNT_ATTR_IDMAP, 0n, 0n, BigInt(NO_FD));
  return new Uint8Array(words.buffer);
}

/** Runs a program; the text of the error if no child could be made for it. */
function attempt<Answer>(run: () => Answer): Answer | string {
  try {
    return run();
  } catch (error) {
    if (isSystemError(error)) return error.message;
    throw error;
  }
}

// A meeting makes the child leave our memory, without which it can make no user namespace.
function isolatedProgram(): Program {
  const program = new Program();
  program.meet(() => {});
  return program;
}

const others = allNamespaceTypes.filter((type) => type !== 'user');

function tryDirect(): Pick<Attempts, 'direct' | 'pidfdSetns'> {
  const program = isolatedProgram();
  const pidfd = program.call('pidfd_open', program.call('getpid'), 0, tolerant);
  const flags = namespaceTypes.uts.flag + namespaceTypes.ipc.flag;
  const setns = program.call('setns', pidfd, flags, tolerant);
  const made = [...others, 'user' as const].map(
    (type) => [type, program.call('unshare', namespaceTypes[type].flag, tolerant)] as const,
  );
  const results = runProgramSync(program);
  return {
    pidfdSetns: results.resultOf(setns),
    direct: new Map(made.map(([type, call]) => [type, results.resultOf(call)])),
  };
}

function tryRootless() {
  const program = isolatedProgram();
  let drop: Call | undefined;
  if (process.geteuid?.() === 0) {
    program.call('setgroups', 0, null, tolerant);
    program.call('setresgid', NOBODY, NOBODY, NOBODY, tolerant);
    drop = program.call('setresuid', NOBODY, NOBODY, NOBODY, tolerant);
  }
  const user = program.call('unshare', namespaceTypes.user.flag, tolerant);
  const inside = { ...tolerant, ifSucceeded: user };
  const made = others.map(
    (type) => [type, program.call('unshare', namespaceTypes[type].flag, inside)] as const,
  );
  // In a new mount namespace. A kernel that knows these calls fails them for lack of a descriptor.
  const attributes = mountAttributes();
  const idMap = program.call('mount_setattr', AT.FDCWD, '/', 0, attributes, 32, inside);
  const beneath = program.call('move_mount', NO_FD, 'x', NO_FD, 'x', MOVE_MOUNT_BENEATH, inside);
  const overlay = program.call('fsopen', 'overlay', 0, inside);
  const create = program.call('fsconfig', overlay, FSCONFIG_CMD_CREATE, null, null, 0, {
    ...tolerant,
    ifSucceeded: overlay,
  });
  const results = runProgramSync(program);
  const isInside = results.resultOf(user) >= 0;
  const resultOf = (call: Call) => (isInside ? results.resultOf(call) : NOT_TRIED);
  const hasOverlay = resultOf(overlay) >= 0;
  return {
    ordinary: drop ? results.resultOf(drop) : 0,
    rootless: new Map<NamespaceType, number>([
      ['user', results.resultOf(user)],
      ...made.map(([type, call]) => [type, resultOf(call)] as const),
    ]),
    idMappedMounts: resultOf(idMap),
    mountBeneath: resultOf(beneath),
    overlay: [resultOf(overlay), hasOverlay ? resultOf(create) : NOT_TRIED] as const,
  };
}

function tryProc(): number {
  const program = new Program();
  const proc = program.call('mount', 'proc', '/proc', 'proc', 0, null, tolerant);
  const namespaces = [{ type: 'user' }, { type: 'pid' }, { type: 'mount' }] as const;
  return runProgramSync(program, { namespaces }).resultOf(proc);
}

/** Tries everything that depends on who asks. */
export function tryEverything(): Attempts {
  const direct = attempt(tryDirect);
  const rootless = attempt(tryRootless);
  return {
    ...(typeof direct === 'string' ? { direct, pidfdSetns: NOT_TRIED } : direct),
    ...(typeof rootless === 'string'
      ? {
          rootless,
          ordinary: 0,
          idMappedMounts: NOT_TRIED,
          mountBeneath: NOT_TRIED,
          overlay: [NOT_TRIED, NOT_TRIED] as const,
        }
      : rootless),
    proc: attempt(tryProc),
  };
}
