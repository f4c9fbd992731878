// The features that are probed: what each is, and the kernel that brought it.

interface Fact {
  /** What it is, for a human reader. */
  readonly title: string;
  /** Linux version that brought it, if it is the kernel's. */
  readonly since?: string;
}

/** All features, in the order in which a reader wants them. */
export const facts = {
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
  unrestrictedByAppArmor: { title: 'user namespaces not restricted by AppArmor' },
  executableMemory: { title: 'programs that run from memory files', since: '3.17' },
  clone3: { title: 'clone3', since: '5.3' },
  cloneIntoCgroup: { title: 'processes that start in a cgroup', since: '5.7' },
  closeRange: { title: 'close_range that marks close-on-exec', since: '5.11' },
  openat2: { title: 'openat2, paths that cannot lead astray', since: '5.6' },
  seccompFilters: { title: 'seccomp filters', since: '3.5' },
  pidfdOpen: { title: 'pidfds of any process', since: '5.3' },
  pidfdGetfd: { title: 'descriptors of other processes', since: '5.6' },
  pidfdSetns: { title: 'joining several namespaces of a process at once', since: '5.8' },
  pidfdNamespaces: { title: 'namespaces of a pidfd', since: '6.11' },
  pidfdInfo: { title: 'what a pidfd tells of its process', since: '6.13' },
  mountByFd: { title: 'mounts by descriptor (fsopen, open_tree, move_mount)', since: '5.2' },
  mountSetattr: { title: 'attributes of whole mount trees', since: '5.12' },
  idMappedMounts: { title: 'mounts with mapped ids', since: '5.12' },
  mountBeneath: { title: 'mounts below others', since: '6.5' },
  statmount: { title: 'statmount and listmount', since: '6.8' },
  openTreeAttr: { title: 'open_tree_attr', since: '6.15' },
  mountNamespaceIteration: { title: 'a list of mount namespaces', since: '6.12' },
  namespaceIds: { title: '64-bit ids of namespaces', since: '6.18' },
  listns: { title: 'a list of all namespaces', since: '6.19' },
  cgroupV2: { title: 'a mounted cgroup v2 tree', since: '4.5' },
  cgroupDelegation: { title: 'making cgroups below one’s own' },
  cgroupPressure: { title: 'pressure stall information', since: '4.20' },
  cpuController: { title: 'CPU limits (cgroup v2)', since: '4.15' },
  cpusetController: { title: 'CPU sets (cgroup v2)', since: '5.0' },
  ioController: { title: 'I/O limits (cgroup v2)', since: '4.5' },
  memoryController: { title: 'memory limits (cgroup v2)', since: '4.5' },
  pidsController: { title: 'limits on processes (cgroup v2)', since: '4.5' },
  pasta: { title: 'pasta, for a network without root' },
  slirp4netns: { title: 'slirp4netns, for a network without root' },
} as const satisfies Readonly<Record<string, Fact>>;

/** Name of a feature. */
export type FeatureName = keyof typeof facts;

/** All names. */
export const featureNames = Object.freeze(Object.keys(facts) as FeatureName[]);

/** What a probe found out. */
export type Finding =
  | { readonly available: true; readonly limit?: number }
  | {
      readonly available: false;
      readonly reason: string;
      readonly cure?: string;
      readonly limit?: number;
    };

/** It is there. */
export const available: Finding = Object.freeze({ available: true });

/** It is not, because of this; and what helps, if anything does. */
export function missing(reason: string, cure?: string): Finding {
  return cure === undefined ? { available: false, reason } : { available: false, reason, cure };
}

/** What the probes of one file found out. */
export type Findings = Partial<Record<FeatureName, Finding>>;
