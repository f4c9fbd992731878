// Features that depend on who asks: namespaces, with privileges and without.
import { existsSync, readFileSync } from 'node:fs';
import { errnoMeaning, errnoName } from '../sys/errno.js';
import { featureTable } from '../sys/feature-table.js';
import { hintFor } from '../sys/hints.js';
import { allNamespaceTypes, type NamespaceType, namespaceTypes } from '../sys/namespace-types.js';
import { type Attempts, NOT_TRIED, tryEverything } from './attempts.js';
import { available, type Finding, type Findings, missing } from './finding.js';
import { lacking } from './kernel.js';

const EPERM = 1;
const EBADF = 9;
const ENODEV = 19;
const EINVAL = 22;
const ENOSYS = 38;

/** The number in a file of /proc/sys; undefined if this kernel has none. */
export function sysctl(name: string): number | undefined {
  const path = `/proc/sys/${name.replaceAll('.', '/')}`;
  return existsSync(path) ? Number(readFileSync(path, 'utf8')) : undefined;
}

const text = (errno: number) => `${errnoName(errno)} (${errnoMeaning(errno)})`;

/** Why a namespace could not be made. */
function refused(type: NamespaceType, result: number): Finding {
  const { flag } = namespaceTypes[type];
  const cure = hintFor(errnoName(-result), 'unshare', [flag]);
  return missing(`making one fails with ${text(-result)}`, cure);
}

function namespace(type: NamespaceType, { direct, rootless }: Attempts): Finding {
  const { file } = namespaceTypes[type];
  const name = `user.max_${file}_namespaces`;
  const limit = sysctl(name);
  const withLimit = (finding: Finding): Finding =>
    limit === undefined ? finding : { ...finding, limit };
  if (!existsSync(`/proc/self/ns/${file}`)) {
    return missing(
      'this kernel is built without them',
      `a kernel with CONFIG_${file.toUpperCase()}_NS`,
    );
  }
  if (limit === 0) return withLimit(missing(`${name} is 0`, `sysctl ${name}=15000`));
  if (typeof direct !== 'string' && (direct.get(type) ?? -1) >= 0) return withLimit(available);
  if (typeof rootless !== 'string' && (rootless.get(type) ?? -1) >= 0) return withLimit(available);
  if (typeof direct === 'string') return withLimit(missing(direct));
  return withLimit(refused(type, direct.get(type) ?? -EPERM));
}

function unprivileged({ rootless, ordinary }: Attempts): Finding {
  if (typeof rootless === 'string') return missing(rootless);
  if (ordinary < 0) {
    return missing(`it cannot be tried: becoming an ordinary user fails with ${text(-ordinary)}`);
  }
  const result = rootless.get('user') ?? -EPERM;
  return result >= 0 ? available : refused('user', result);
}

function allTypes({ rootless }: Attempts): Finding {
  if (typeof rootless === 'string') return missing(rootless);
  const user = rootless.get('user') ?? -EPERM;
  if (user < 0) return missing('this user cannot create user namespaces', hintOfUser(user));
  const failed = allNamespaceTypes.find((type) => (rootless.get(type) ?? -EPERM) < 0);
  if (failed === undefined) return available;
  const result = rootless.get(failed) ?? -EPERM;
  const what = `making a ${failed} namespace in a new user namespace fails with ${text(-result)}`;
  return missing(what, result === -EPERM ? hintOfUser(result) : refusedCure(failed, result));
}

const hintOfUser = (result: number) =>
  hintFor(errnoName(-result), 'unshare', [namespaceTypes.user.flag]);

function refusedCure(type: NamespaceType, result: number): string | undefined {
  return hintFor(errnoName(-result), 'unshare', [namespaceTypes[type].flag]);
}

const needsMounts = missing(
  'it cannot be tried: that needs a new user and mount namespace',
  'see rootlessNamespaces',
);

function proc({ proc: result }: Attempts): Finding {
  if (typeof result === 'string') return missing(result);
  if (result >= 0) return available;
  return missing(
    `mounting it fails with ${text(-result)}`,
    hintFor(errnoName(-result), 'mount', ['proc', '/proc', 'proc']),
  );
}

function overlay({ overlay: [opened, made] }: Attempts): Finding {
  if (opened === NOT_TRIED) return needsMounts;
  if (opened === -ENODEV) {
    return missing('this kernel has no overlay file system', 'modprobe overlay');
  }
  // Without any layer it cannot be made; that it says so means that the caller may.
  if (opened >= 0 && made !== -EPERM) return available;
  return lackingOr('rootlessOverlay', 'fsopen', opened < 0 ? opened : made);
}

function lackingOr(name: 'rootlessOverlay', call: string, result: number): Finding {
  return result === -EPERM
    ? missing(`${call} fails with ${text(EPERM)}`, 'Linux 5.11 or later')
    : lacking(name, call, -result);
}

function appArmor(attempts: Attempts): Finding {
  const name = 'kernel.apparmor_restrict_unprivileged_userns';
  if (sysctl(name) !== 1 || allTypes(attempts).available) return available;
  return missing(`${name} is 1`, featureTable.unrestrictedByAppArmor.cure);
}

function executableMemory(): Finding {
  if (sysctl('vm.memfd_noexec') !== 2) return available;
  return missing('vm.memfd_noexec is 2', featureTable.executableMemory.cure);
}

/** The features that depend on who asks. */
export function namespaceFeatures(): Findings {
  const attempts = tryEverything();
  const { idMappedMounts, mountBeneath, pidfdSetns } = attempts;
  return {
    userNamespaces: namespace('user', attempts),
    unprivilegedUserNamespaces: unprivileged(attempts),
    rootlessNamespaces: allTypes(attempts),
    rootlessProc: proc(attempts),
    rootlessOverlay: overlay(attempts),
    cgroupNamespaces: namespace('cgroup', attempts),
    ipcNamespaces: namespace('ipc', attempts),
    utsNamespaces: namespace('uts', attempts),
    netNamespaces: namespace('net', attempts),
    timeNamespaces: namespace('time', attempts),
    pidNamespaces: namespace('pid', attempts),
    mountNamespaces: namespace('mount', attempts),
    unrestrictedByAppArmor: appArmor(attempts),
    executableMemory: executableMemory(),
    pidfdSetns:
      pidfdSetns >= 0 || pidfdSetns === -EPERM
        ? available
        : lacking('pidfdSetns', 'setns', pidfdSetns === NOT_TRIED ? ENOSYS : -pidfdSetns),
    idMappedMounts: probedInside('idMappedMounts', 'mount_setattr', idMappedMounts),
    mountBeneath: probedInside('mountBeneath', 'move_mount', mountBeneath),
  };
}

/** A kernel that knows the request fails only for want of the descriptor. */
function probedInside(
  name: 'idMappedMounts' | 'mountBeneath',
  call: string,
  result: number,
): Finding {
  if (result === NOT_TRIED || result === -EPERM) return needsMounts;
  if (result >= 0 || result === -EBADF) return available;
  return lacking(name, call, result === -EINVAL ? EINVAL : -result);
}
