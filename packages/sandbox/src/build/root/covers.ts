// Covers of the host's files where they are the root of a sandbox: home directories, keys, sockets.
import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join, relative, sep } from 'node:path';
import { listMounts, type MountInfo } from '@ns/mount';

/** Ids of the host. */
interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** Directories with files of users, or with sockets of services, whose clients may become root. */
const PRIVATE = [
  '/home',
  '/root',
  '/run',
  '/var/run',
  '/mnt',
  '/media',
  '/sysroot',
  '/.snapshots',
  '/timeshift',
  '/var/tmp',
  '/var/spool',
  '/var/mail',
  '/var/log',
  '/var/backups',
  '/var/crash',
  '/var/snap',
  '/var/lib/cloud',
  '/var/lib/containerd',
  '/var/lib/containers',
  '/var/lib/docker',
  '/var/lib/incus',
  '/var/lib/kubelet',
  '/var/lib/libvirt',
  '/var/lib/lxc',
  '/var/lib/lxd',
  '/var/lib/machines',
  '/var/lib/NetworkManager',
  '/var/lib/private',
  '/var/lib/rancher',
  '/var/lib/sudo',
  '/var/lib/systemd/coredump',
] as const;

/** Files and directories with keys and passwords, and copies of such. */
const KEYS = [
  '/boot',
  '/etc/ceph',
  '/etc/cloud/cloud.cfg.d',
  '/etc/credstore',
  '/etc/credstore.encrypted',
  '/etc/cryptsetup-keys.d',
  '/etc/docker',
  '/etc/gshadow',
  '/etc/gshadow-',
  '/etc/ipsec.d/private',
  '/etc/ipsec.secrets',
  '/etc/krb5.keytab',
  '/etc/kubernetes',
  '/etc/letsencrypt',
  '/etc/netplan',
  '/etc/NetworkManager/system-connections',
  '/etc/openvpn',
  '/etc/pki/private',
  '/etc/pki/tls/private',
  '/etc/ppp/chap-secrets',
  '/etc/ppp/pap-secrets',
  '/etc/rancher',
  '/etc/security/opasswd',
  '/etc/shadow',
  '/etc/shadow-',
  '/etc/ssh',
  '/etc/ssl/private',
  '/etc/sudoers',
  '/etc/sudoers.d',
  '/etc/wireguard',
  '/etc/wpa_supplicant',
  '/swap.img',
  '/swapfile',
  '/var/lib/systemd/credential.secret',
  '/var/lib/systemd/random-seed',
] as const;

/** Mounted anew in every sandbox, so that nothing of the host's is seen there. */
export const REPLACED = ['/tmp', '/dev', '/proc', '/sys'] as const;
/** Without these no program runs: homes of system accounts that are or contain one are not private. */
const NEEDED = [
  ...['/bin', '/dev', '/etc', '/lib', '/lib64', '/proc', '/sbin', '/sys', '/tmp', '/usr/bin'],
  ...['/usr/games', '/usr/lib', '/usr/lib64', '/usr/sbin', '/usr/share', '/usr/local/bin'],
];
const FIRST_USER = 1000;
const NOBODY = 65_534;

/** Returns true if a path is `top` or lies below it. */
export function isWithin(path: string, top: string): boolean {
  return path === top || path.startsWith(top === '/' ? '/' : `${top}/`);
}

/** Paths that are hidden, without links. */
export interface Covers {
  /** Directories behind empty ones, in which mountpoints can be made. */
  readonly directories: readonly string[];
  /** Files, and directories in which mountpoints are not needed. */
  readonly masks: readonly string[];
}

/** Errors of a path that leads nowhere, for the caller as for the commands. */
const NOWHERE = ['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP'];

/** Runs a look at a path; undefined if the path leads nowhere. */
function look<Result>(at: () => Result): Result | undefined {
  try {
    return at();
  } catch (error) {
    if (NOWHERE.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** Asks the user database; undefined if it does not have the calling user. */
function ask(question: () => string): string | undefined {
  try {
    return question();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SYSTEM_ERROR') return undefined;
    throw error;
  }
}

/** Lists home directories: of the caller by $HOME and by the user database, and of users of the host. */
function homes(): string[] {
  const users = (look(() => readFileSync('/etc/passwd', 'utf8')) ?? '')
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([, , uid]) => Number(uid) >= FIRST_USER && Number(uid) !== NOBODY)
    .map((fields) => fields[5] ?? '');
  return [ask(homedir) ?? '', ask(() => userInfo().homedir) ?? '', ...users].filter(
    (path) => path.startsWith('/') && !NEEDED.some((one) => isWithin(one, path)),
  );
}

/**
 * Returns true if these ids can come to a path. Root finds more than its commands, which have other
 * ids. A path that they cannot come to needs no cover, and their sandbox could not put one there.
 */
function isReachable(path: string, { uid, gid }: Ids): boolean {
  if (process.geteuid?.() !== 0) return true; // for the caller it is
  const groups = [gid, ...(process.getgroups?.() ?? [])];
  const names = path.split(sep).slice(1, -1);
  return names.every((_, i) => {
    const stats = look(() => lstatSync(`/${names.slice(0, i + 1).join('/')}`));
    if (stats === undefined) return false;
    const shift = stats.uid === uid ? 6 : groups.includes(stats.gid) ? 3 : 0;
    return ((stats.mode >> shift) & 1) === 1;
  });
}

/** The mounts of the caller, and what they show of one file system. */
class Mounts {
  readonly #mounts = listMounts();

  /** Returns the mount on which a path without links is. */
  of(path: string): MountInfo | undefined {
    const longest = Math.max(
      0,
      ...this.#mounts
        .filter(({ target }) => isWithin(path, target))
        .map(({ target }) => target.length),
    );
    return this.#mounts.findLast(
      ({ target }) => target.length === longest && isWithin(path, target),
    );
  }

  /**
   * Lists the other paths of a directory or file: through mounts of the file system that show it, and
   * with `parts` also through those that show only a part of it.
   */
  aliases(path: string, parts: boolean): string[] {
    const own = this.of(path);
    if (own === undefined) return [];
    const inside = join(own.root, relative(own.target, path));
    return this.#mounts
      .filter(
        ({ device }) => device.major === own.device.major && device.minor === own.device.minor,
      )
      .flatMap((mount): string[] => {
        const part = parts && isWithin(mount.root, inside);
        if (!part && !isWithin(inside, mount.root)) return [];
        const alias = part ? mount.target : join(mount.target, relative(mount.root, inside));
        return alias !== path && alias !== '/' && this.of(alias) === mount ? [alias] : [];
      });
  }
}

/** Lists the target of a path, and its other paths. */
function places(path: string, mounts: Mounts, parts = false): string[] {
  const real = look(() => realpathSync(path));
  if (real === undefined) return [];
  return [real, ...mounts.aliases(real, parts)].filter((one) => look(() => lstatSync(one)));
}

/**
 * Returns the covers that hide the host from commands of these ids. Directories are found by where
 * they are, not by their names alone: behind links (SECURITY.md S11), and at all places at which they
 * are mounted.
 *
 * @throws {Error} for a directory that cannot be hidden, because programs need files in it
 */
export function coversOf(ids: Ids): Covers {
  const mounts = new Mounts();
  const found = [
    ...PRIVATE.flatMap((path) => places(path, mounts)),
    ...homes()
      // To look at a name there may mount it; what is mounted lies below one of the above.
      .filter((path) => mounts.of(path)?.type !== 'autofs')
      .flatMap((path) => places(path, mounts, true)),
  ].filter((path) => !REPLACED.some((one) => isWithin(path, one)) && isReachable(path, ids));
  for (const path of found) {
    const needed = NEEDED.find((one) => isWithin(one, path));
    if (needed !== undefined) throw new Error(`cannot hide ${path}: ${needed} is in it`);
  }
  const all = [...new Set(found)].sort();
  const outermost = all.filter(
    (path) => !all.some((other) => other !== path && isWithin(path, other)),
  );
  const isDirectory = (path: string) => look(() => lstatSync(path))?.isDirectory() === true;
  const keys = KEYS.flatMap((path) => places(path, mounts)).filter((path) =>
    isReachable(path, ids),
  );
  return {
    directories: outermost.filter(isDirectory),
    masks: [...new Set([...outermost.filter((path) => !isDirectory(path)), ...keys])],
  };
}
