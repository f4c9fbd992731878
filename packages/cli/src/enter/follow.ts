// What else `ns enter` takes over from its target: a socket's network, the cgroup, the SELinux
// context.
import { existsSync, readFileSync } from 'node:fs';
import { isSystemError, Namespace } from '@ns/core';
import type { OpenProcess, Preparation } from '@ns/core/authors';
import { closeFd, syscall } from '@ns/core/sys';
import { type Given, type OptionTable, UsageError } from '../options.js';

const AT_FDCWD = -100;
const O_WRONLY_CLOEXEC = 0x8_0001;

/** The options. */
export const followOptions: OptionTable = {
  'join-cgroup': { short: 'c', help: "the target's cgroup (v2)" },
  'follow-context': { short: 'Z', help: "the target's SELinux context" },
};

/** The network namespace of a socket that the target has open. */
export function networkOfSocket(target: OpenProcess, descriptor: number): Namespace {
  try {
    const socket = syscall('pidfd_getfd', target.pidfd, descriptor, 0);
    try {
      return Namespace.fromSocket(socket);
    } finally {
      closeFd(socket);
    }
  } catch (error) {
    if (!isSystemError(error, 'EBADF') && !isSystemError(error, 'ENOTTY')) throw error;
    throw new UsageError(`--net-socket: descriptor ${descriptor} of ${target.pid} is no socket`);
  }
}

/** Directory of the target's group in the v2 tree; undefined if it is not asked for. */
export function cgroupToJoin(given: Given, target: OpenProcess | undefined): string | undefined {
  if (!given.has('join-cgroup')) return undefined;
  if (target === undefined) throw new UsageError('--join-cgroup needs --target PID');
  const group = /^0::(.*)$/m.exec(target.read('cgroup'))?.[1];
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  const [, root = '/', point] = /^\d+ \d+ \S+ (\S+) (\S+) .* - cgroup2 /m.exec(mounts) ?? [];
  if (group === undefined || point === undefined) {
    throw new Error('--join-cgroup: no cgroup v2 tree is mounted here');
  }
  const below = root === '/' ? group : group.slice(root.length);
  if (root !== '/' && group !== root && !group.startsWith(`${root}/`)) {
    throw new Error(`--join-cgroup: ${group} is outside of what is mounted at ${point}`);
  }
  return below === '/' ? point : point + below;
}

/** Has the command run in the target's SELinux context. */
export function prepareContext(
  given: Given,
  target: OpenProcess | undefined,
): (child: Preparation) => void {
  if (!given.has('follow-context')) return () => {};
  if (target === undefined) throw new UsageError('--follow-context needs --target PID');
  if (!existsSync('/sys/fs/selinux/enforce')) {
    throw new Error('--follow-context: SELinux is not enabled here');
  }
  const context = target.read('attr/current').replace(/\0$/, '');
  return (child) => {
    const program = child.program('credentials');
    const step = `taking on the context ${context}`;
    const path = '/proc/thread-self/attr/exec';
    const file = program.call('openat', AT_FDCWD, path, O_WRONLY_CLOEXEC, 0, { step });
    program.call('write', file, context, Buffer.byteLength(context), { step });
    program.call('close', file);
  };
}
