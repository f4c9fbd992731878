// What the kernel has: calls made so that they can only fail, whose error tells whether the kernel
// knows them. Found out once for each thread: it cannot change while the process runs.

import { uniqueIdOfNsfs } from '../namespaces/nsfs.js';
import { openCurrent } from '../namespaces/open.js';
import { errnoMeaning, errnoName } from '../sys/errno.js';
import { closeFd } from '../sys/fd.js';
import { type FeatureName, featureTable, newerKernel } from '../sys/feature-table.js';
import { AT, CLONE, CLOSE_RANGE_CLOEXEC } from '../sys/flags.js';
import type { SyscallName } from '../sys/numbers.js';
import { type SyscallArgument, trySyscall } from '../sys/syscall.js';
import { available, type Finding, type Findings, missing } from './finding.js';

const EPERM = 1;
const EINVAL = 22;
const E2BIG = 7;
const ENOTTY = 25;
const ENOSYS = 38;
const NO_FD = 0x7fff_ffff; // never open: the kernel allows far fewer
const CLONE_ARGS = 88;
const CLONE_ARGS_CGROUP = 80;
const SECCOMP_GET_ACTION_AVAIL = 2;
const SECCOMP_RET_ERRNO = 0x0005_0000;
const PIDFD_GET_UTS_NAMESPACE = 0xff0a;
const PIDFD_GET_INFO = 0xc040_ff0b;
const NS_MNT_GET_INFO = 0x8010_b70a;

/** The finding of an answer that only a kernel without it gives. */
export function lacking(name: FeatureName, call: string, errno: number): Finding {
  if (errno === EPERM) {
    return missing(
      `${call} is forbidden here (EPERM)`,
      'A filter of system calls (seccomp) refuses it, as that of a container does: run outside, or allow the call.',
    );
  }
  return missing(
    `this kernel does not have it: ${call} fails with ${errnoName(errno)} (${errnoMeaning(errno)})`,
    newerKernel(featureTable[name]),
  );
}

/** There, unless the kernel answers with one of these errors. */
function unless(
  name: FeatureName,
  errors: readonly number[],
  call: SyscallName,
  ...args: SyscallArgument[]
): Finding {
  const result = trySyscall(call, ...args);
  if (result >= 0 || !errors.includes(-result)) return available;
  return lacking(name, call, -result);
}

function clones(): Findings {
  const args = new DataView(new ArrayBuffer(CLONE_ARGS));
  args.setBigUint64(0, BigInt(CLONE.INTO_CGROUP), true);
  args.setBigUint64(CLONE_ARGS_CGROUP, BigInt(NO_FD), true);
  return {
    clone3: unless('clone3', [ENOSYS, EPERM], 'clone3', null, 0),
    // A kernel that knows the flag looks the descriptor up, and fails with EBADF.
    cloneIntoCgroup: unless(
      'cloneIntoCgroup',
      [ENOSYS, EPERM, EINVAL, E2BIG],
      'clone3',
      args,
      CLONE_ARGS,
    ),
  };
}

function pidfds(): Findings {
  const own = trySyscall('pidfd_open', process.pid, 0);
  const found: Findings = {
    pidfdOpen: own < 0 ? lacking('pidfdOpen', 'pidfd_open', -own) : available,
    pidfdGetfd: unless('pidfdGetfd', [ENOSYS, EPERM], 'pidfd_getfd', -1, 0, 0),
  };
  if (own < 0) {
    const none = missing('pidfds are not supported', 'Linux 5.3 or later');
    return { ...found, pidfdNamespaces: none, pidfdInfo: none };
  }
  try {
    const uts = trySyscall('ioctl', own, PIDFD_GET_UTS_NAMESPACE, 0);
    if (uts >= 0) closeFd(uts);
    const info = new BigUint64Array(8);
    const answer = trySyscall('ioctl', own, PIDFD_GET_INFO, info);
    const lacks = (result: number) => result === -ENOTTY || result === -EINVAL;
    return {
      ...found,
      pidfdNamespaces: lacks(uts) ? lacking('pidfdNamespaces', 'ioctl', -uts) : available,
      pidfdInfo: lacks(answer) ? lacking('pidfdInfo', 'ioctl', -answer) : available,
    };
  } finally {
    closeFd(own);
  }
}

function mountCalls(): Findings {
  const none = [ENOSYS, EPERM];
  return {
    // No file system has an empty name; without privileges the call itself is refused.
    mountByFd: unless('mountByFd', none, 'open_tree', NO_FD, 'x', 0),
    mountSetattr: unless('mountSetattr', [ENOSYS], 'mount_setattr', NO_FD, 'x', 0, null, 0),
    statmount: unless('statmount', none, 'statmount', null, null, 0, 0),
    openTreeAttr: unless('openTreeAttr', none, 'open_tree_attr', NO_FD, 'x', 0, null, 0),
  };
}

function nsfs(): Findings {
  const own = openCurrent('mount', {});
  try {
    const info = new Uint32Array(4);
    info[0] = info.byteLength;
    const iteration = trySyscall('ioctl', own, NS_MNT_GET_INFO, info);
    return {
      mountNamespaceIteration:
        iteration === -ENOTTY ? lacking('mountNamespaceIteration', 'ioctl', ENOTTY) : available,
      namespaceIds:
        uniqueIdOfNsfs(own) === undefined ? lacking('namespaceIds', 'ioctl', ENOTTY) : available,
      listns: unless('listns', [ENOSYS, EPERM], 'listns', null, null, 0, 0),
    };
  } finally {
    closeFd(own);
  }
}

function probe(): Findings {
  const action = Uint32Array.of(SECCOMP_RET_ERRNO);
  return {
    ...clones(),
    closeRange: unless(
      'closeRange',
      [ENOSYS, EPERM, EINVAL],
      'close_range',
      NO_FD,
      NO_FD,
      CLOSE_RANGE_CLOEXEC,
    ),
    openat2: unless('openat2', [ENOSYS, EPERM], 'openat2', AT.FDCWD, 'x', null, 0),
    seccompFilters: unless(
      'seccompFilters',
      [ENOSYS, EPERM, EINVAL],
      'seccomp',
      SECCOMP_GET_ACTION_AVAIL,
      0,
      action,
    ),
    ...pidfds(),
    ...mountCalls(),
    ...nsfs(),
  };
}

let found: Findings | undefined;

/** Returns the features of the kernel. */
export function kernelFeatures(): Findings {
  found ??= probe();
  return found;
}
