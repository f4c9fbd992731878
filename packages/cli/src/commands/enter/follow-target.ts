// Properties of the target that `ns enter` takes over: the network namespace of a socket, the cgroup,
// the SELinux context.
import { existsSync, readFileSync } from 'node:fs';
import { isSystemError, Namespace } from '@ns/core';
import type { OpenProcess, Preparation } from '@ns/core/authors';
import { closeFd, syscall } from '@ns/core/sys';
import type { CommandLine } from '../../framework/command-line.js';
import type { OptionTable } from '../../framework/option-table.js';
import { UsageError } from '../../framework/usage-error.js';

const AT_FDCWD = -100;
const O_WRONLY_CLOEXEC = 0x8_0001;

/** The options. */
export const followOptions: OptionTable = {
  'join-cgroup': { short: 'c', help: 'run in the cgroup of the target (v2)' },
  'follow-context': { short: 'Z', help: 'run in the SELinux context of the target' },
};

/** Opens the network namespace of a socket of the target. */
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
    throw new UsageError(
      `--net-socket: descriptor ${descriptor} of process ${target.pid} is not a socket`,
    );
  }
}

/** Returns the directory of the target's group in the v2 tree; undefined without --join-cgroup. */
export function cgroupToJoin(
  commandLine: CommandLine,
  target: OpenProcess | undefined,
): string | undefined {
  if (!commandLine.has('join-cgroup')) return undefined;
  if (target === undefined) throw new UsageError('--join-cgroup needs --target PID');
  const group = /^0::(.*)$/m.exec(target.read('cgroup'))?.[1];
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  const [, root = '/', point] = /^\d+ \d+ \S+ (\S+) (\S+) .* - cgroup2 /m.exec(mounts) ?? [];
  if (group === undefined || point === undefined) {
    throw new Error('--join-cgroup: a cgroup v2 tree is not mounted');
  }
  const below = root === '/' ? group : group.slice(root.length);
  if (root !== '/' && group !== root && !group.startsWith(`${root}/`)) {
    throw new Error(`--join-cgroup: ${group} is outside of the tree that is mounted at ${point}`);
  }
  return below === '/' ? point : point + below;
}

/** Returns a function that adds the calls which take the target's SELinux context. */
export function prepareContext(
  commandLine: CommandLine,
  target: OpenProcess | undefined,
): (child: Preparation) => void {
  if (!commandLine.has('follow-context')) return () => {};
  if (target === undefined) throw new UsageError('--follow-context needs --target PID');
  if (!existsSync('/sys/fs/selinux/enforce')) {
    throw new Error('--follow-context: SELinux is not enabled');
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
