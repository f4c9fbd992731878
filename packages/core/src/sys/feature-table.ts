// The table of features: description, kernel version, system calls, cure. It serves features(), the
// hints of errors, and the skips of tests; the probes are in features/.
import type { SyscallName } from './numbers.js';

/** A feature that a kernel, a setting or a program brings. */
export interface FeatureFacts {
  /** Description for readers. */
  readonly title: string;
  /** Linux version that brought it, if it is the kernel's. */
  readonly since?: string;
  /** System calls that a kernel without it refuses with ENOSYS. */
  readonly syscalls?: readonly SyscallName[];
  /** Cure that holds for every cause. */
  readonly cure?: string;
}

/** All features, in the order in which a reader wants them. */
export const featureTable = {
  userNamespaces: { title: 'new user namespaces', since: '3.8' },
  unprivilegedUserNamespaces: { title: 'user namespaces for ordinary users', since: '3.8' },
  rootlessNamespaces: { title: 'all other namespaces without root', since: '3.8' },
  rootlessProc: { title: 'a new /proc in a new user namespace', since: '3.8' },
  rootlessOverlay: { title: 'overlay file systems without root', since: '5.11' },
  cgroupNamespaces: { title: 'new cgroup namespaces', since: '4.6' },
  ipcNamespaces: { title: 'new IPC namespaces', since: '2.6.19' },
  utsNamespaces: { title: 'new UTS namespaces', since: '2.6.19' },
  netNamespaces: { title: 'new network namespaces', since: '2.6.29' },
  timeNamespaces: { title: 'new time namespaces', since: '5.6' },
  pidNamespaces: { title: 'new pid namespaces', since: '2.6.24' },
  mountNamespaces: { title: 'new mount namespaces', since: '2.4.19' },
  subordinateUids: { title: 'a range of uids for this user (newuidmap)' },
  subordinateGids: { title: 'a range of gids for this user (newgidmap)' },
  unrestrictedByAppArmor: {
    title: 'user namespaces not restricted by AppArmor',
    cure: 'Give the program an AppArmor profile with "userns,", or sysctl kernel.apparmor_restrict_unprivileged_userns=0.',
  },
  executableMemory: {
    title: 'programs that run from memory files',
    since: '3.17',
    cure: 'sysctl vm.memfd_noexec=1',
  },
  clone3: { title: 'clone3', since: '5.3', syscalls: ['clone3'] },
  cloneIntoCgroup: { title: 'processes that start in a cgroup', since: '5.7' },
  closeRange: {
    title: 'close_range that marks close-on-exec',
    since: '5.11',
    syscalls: ['close_range'],
  },
  openat2: { title: 'openat2, paths that end in their root', since: '5.6', syscalls: ['openat2'] },
  seccompFilters: { title: 'seccomp filters', since: '3.5', syscalls: ['seccomp'] },
  pidfdOpen: { title: 'pidfds of any process', since: '5.3', syscalls: ['pidfd_open'] },
  pidfdGetfd: { title: 'descriptors of other processes', since: '5.6', syscalls: ['pidfd_getfd'] },
  pidfdSetns: { title: 'joining several namespaces of a process at once', since: '5.8' },
  pidfdNamespaces: { title: 'namespaces of a pidfd', since: '6.11' },
  pidfdInfo: { title: 'information about the process of a pidfd', since: '6.13' },
  mountByFd: {
    title: 'mounts by descriptor (fsopen, open_tree, move_mount)',
    since: '5.2',
    syscalls: ['fsopen', 'fsconfig', 'fsmount', 'open_tree', 'move_mount'],
  },
  mountSetattr: {
    title: 'attributes of whole mount trees',
    since: '5.12',
    syscalls: ['mount_setattr'],
  },
  idMappedMounts: { title: 'mounts with mapped ids', since: '5.12' },
  mountBeneath: { title: 'mounts below others', since: '6.5' },
  statmount: {
    title: 'statmount and listmount',
    since: '6.8',
    syscalls: ['statmount', 'listmount'],
  },
  openTreeAttr: { title: 'open_tree_attr', since: '6.15', syscalls: ['open_tree_attr'] },
  mountNamespaceIteration: { title: 'a list of mount namespaces', since: '6.12' },
  namespaceIds: { title: '64-bit ids of namespaces', since: '6.18' },
  listns: { title: 'a list of all namespaces', since: '6.19', syscalls: ['listns'] },
  cgroupV2: { title: 'a mounted cgroup v2 tree', since: '4.5' },
  cgroupDelegation: { title: 'new cgroups below the cgroup of the caller' },
  cgroupPressure: { title: 'pressure stall information', since: '4.20' },
  cpuController: { title: 'CPU limits (cgroup v2)', since: '4.15' },
  cpusetController: { title: 'CPU sets (cgroup v2)', since: '5.0' },
  ioController: { title: 'I/O limits (cgroup v2)', since: '4.5' },
  memoryController: { title: 'memory limits (cgroup v2)', since: '4.5' },
  pidsController: { title: 'limits on processes (cgroup v2)', since: '4.5' },
  pasta: { title: 'pasta, for a network without root' },
  slirp4netns: { title: 'slirp4netns, for a network without root' },
} as const satisfies Readonly<Record<string, FeatureFacts>>;

/** Name of a feature. */
export type FeatureName = keyof typeof featureTable;

/** All names. */
export const featureNames = Object.freeze(Object.keys(featureTable) as FeatureName[]);

/** Returns the feature that brought a system call. */
export function featureOfCall(name: string): FeatureFacts | undefined {
  const facts: readonly FeatureFacts[] = Object.values(featureTable);
  return facts.find(({ syscalls }) => (syscalls as readonly string[] | undefined)?.includes(name));
}

/** Returns the cure for a kernel that is too old for a feature. */
export function newerKernel(facts: FeatureFacts): string | undefined {
  return facts.since === undefined ? undefined : `Linux ${facts.since} or later`;
}
