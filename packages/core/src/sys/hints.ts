// Hints: the cause and the cure of errors whose number alone misleads.
import { readFileSync } from 'node:fs';
import { featureOfCall, featureTable, newerKernel } from './feature-table.js';
import { CLONE } from './flags.js';

function sysctl(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').trim();
  } catch {
    return undefined; // this kernel does not have it
  }
}

const creators = new Set(['clone3', 'unshare']);
/** Calls that make files. */
const makers = new Set(['linkat', 'mkdirat', 'mknodat', 'openat', 'renameat2', 'symlinkat']);

function requestedFlags(args: readonly unknown[]): bigint {
  const first = args[0];
  return typeof first === 'number' || typeof first === 'bigint' ? BigInt(first) : 0n;
}

function creation(code: string, args: readonly unknown[]): string | undefined {
  const flags = requestedFlags(args);
  const user = (flags & BigInt(CLONE.NEWUSER)) !== 0n;
  if (code === 'ENOSPC') {
    return 'A limit on namespaces is reached, not one of the disk. See /proc/sys/user/max_*_namespaces. User namespaces nest at most 33 deep, pid namespaces 32.';
  }
  if (code === 'EUSERS') return 'User namespaces nest at most 33 deep.';
  if (code === 'ENOSYS') return 'Linux 5.11 or later is needed.';
  if (code === 'EINVAL') {
    return 'The kernel was built without one of these namespace types, or does not allow this combination.';
  }
  if (code !== 'EPERM' && code !== 'EACCES') return undefined;
  if (!user) {
    return 'New namespaces need CAP_SYS_ADMIN. A new user namespace made with them gives it: user(), or --user.';
  }
  if (sysctl('kernel.unprivileged_userns_clone') === '0') {
    return 'User namespaces are switched off for ordinary users: sysctl kernel.unprivileged_userns_clone=1.';
  }
  if (sysctl('kernel.apparmor_restrict_unprivileged_userns') === '1') {
    return `AppArmor restricts user namespaces. ${featureTable.unrestrictedByAppArmor.cure}`;
  }
  return "User namespaces cannot be made in a chroot, or if a container's seccomp filter forbids it.";
}

/** Returns the hint for a failed call, if its cause is known. */
export function hintFor(
  code: string,
  syscall: string,
  args: readonly unknown[],
): string | undefined {
  if (creators.has(syscall)) return creation(code, args);
  if (syscall === 'setns') {
    if (code === 'EUSERS')
      return 'A time namespace can only be joined by a process with one thread: use spawn.';
    if (code === 'EPERM') {
      return 'Joining needs CAP_SYS_ADMIN in the user namespace that owns the target: join that user namespace first, in the same spawn.';
    }
  }
  if (syscall === 'mount' && code === 'EPERM' && (args[2] === 'proc' || args[2] === 'sysfs')) {
    return `A new ${args[2]} is refused if other mounts cover parts of the visible one (as in a container), and without a new ${args[2] === 'proc' ? 'pid' : 'network'} namespace.`;
  }
  if (code === 'ELOOP' && syscall === 'openat2') {
    return 'The path has a loop of links, or a link of /proc such as /proc/self/fd/3. Links of /proc lead out of any root and are not followed.';
  }
  if (code === 'EINVAL' && (syscall === 'setresuid' || syscall === 'setresgid')) {
    return 'This id does not exist in the user namespace. See its maps, /proc/self/uid_map and gid_map.';
  }
  if (code === 'EOVERFLOW' && makers.has(syscall)) {
    return 'The user namespace does not map these ids, so a new file could not have an owner.';
  }
  if (code === 'ESRCH' && syscall === 'pidfd_open') return 'The process does not exist.';
  if (code === 'ENOSYS') {
    const facts = featureOfCall(syscall);
    const cure = facts && newerKernel(facts);
    return `This kernel does not have the call${cure === undefined ? '' : `: it needs ${cure}`}.`;
  }
  return undefined;
}
