// Files of the host: what can be changed, uncovered, or run with more privileges.
import { constants } from 'node:fs';
import type { FileFacts } from '../calls.js';
import { blocked, judge, listed, type Probe, reachable } from '../probe.js';
import { isReadonly } from '../view.js';

/** Directories and files whose change is a way out. */
const PLACES = [
  '/',
  '/bin',
  '/boot',
  '/etc',
  '/etc/cron.d',
  '/etc/ld.so.preload',
  '/etc/passwd',
  '/etc/profile.d',
  '/home',
  '/lib',
  '/opt',
  '/root',
  '/srv',
  '/usr',
  '/usr/bin',
  '/usr/lib',
  '/usr/local/bin',
  '/var',
  '/var/lib',
  '/var/spool/cron',
  '/var/www',
  '/tmp',
  '/var/tmp',
  '/run',
  '/dev/shm',
  '/mnt',
  '/media',
];
const SET_USER_ID = [
  'chfn',
  'chsh',
  'doas',
  'expiry',
  'fusermount',
  'fusermount3',
  'gpasswd',
  'mount',
  'newgidmap',
  'newgrp',
  'newuidmap',
  'passwd',
  'pkexec',
  'su',
  'sudo',
  'umount',
  'unix_chkpwd',
].flatMap((name) => [`/usr/bin/${name}`, `/bin/${name}`, `/usr/sbin/${name}`]);
/** File systems of the kernel's, which have probes of their own. */
const KERNEL = new Set(['proc', 'sysfs', 'devpts', 'mqueue', 'cgroup', 'cgroup2']);
/** Files whose mode is one for all mounts of their file system. */
const SHARED = [
  '/dev/null',
  '/dev/zero',
  '/dev/full',
  '/dev/random',
  '/dev/urandom',
  '/dev/tty',
  '/proc/cpuinfo',
  '/proc/meminfo',
  '/proc/slabinfo',
  '/proc/execdomains',
  '/proc/sysrq-trigger',
];
const MNT_DETACH = 2;

/** Returns true for files and directories: devices have probes of their own. */
const isContent = (facts: FileFacts | undefined): boolean =>
  facts?.kind === 'file' || facts?.kind === 'directory';

export const writingProbes = {
  'writable-paths': {
    area: 'files',
    title: 'files of the host can be written to',
    hint: 'Only `writable`, `mounts` and a writable root are.',
    prepare(calls, { mounts, host, options: { root } }) {
      // A mount of the host's that is not read-only may have something below that can be written to.
      const places = mounts
        .filter((one) => !isReadonly(one) && !KERNEL.has(one.type) && host.hasDevice(one.device))
        .map(({ target, device }) => ({
          target,
          device: `${device.major}:${device.minor}`,
          stat: calls.stat(target),
          mount: calls.mountOf(target),
        }));
      const tried = PLACES.map((path) => ({
        path,
        stat: calls.stat(path),
        may: calls.mayAccess(path, constants.W_OK),
      }));
      return () => {
        const found = [
          ...places
            // Another mount may be over it.
            .filter(({ device, stat, mount }) => stat()?.device === device && !mount()?.readonly)
            .filter(({ stat }) => isContent(stat()))
            .map(({ target }) => target),
          ...tried
            .filter(({ path, stat, may }) => may() && host.isSame(path, stat()))
            .map(({ path }) => path),
        ];
        const isChosen = typeof root === 'object' && (root.writable || root.overlay !== undefined);
        const isNamed = (path: string) => host.isNamed(path) || (isChosen && path === '/');
        return judge(
          found,
          `${mounts.length} mounts and ${PLACES.length} paths looked at`,
          isNamed,
        );
      };
    },
  },
  'set-user-id-programs': {
    area: 'files',
    title: 'set-user-ID programs gain privileges',
    hint: '`newPrivileges: true` permits it.',
    prepare(calls, { noNewPrivileges }) {
      const tried = SET_USER_ID.map((path) => ({
        path,
        stat: calls.stat(path),
        mount: calls.mountOf(path),
        may: calls.mayAccess(path, constants.X_OK),
      }));
      return () => {
        const set = tried.filter(
          ({ stat, may }) =>
            may() &&
            ((stat()?.mode ?? 0) & (constants.S_IFMT | 0o4000)) === (constants.S_IFREG | 0o4000),
        );
        const gaining = set.filter(({ mount }) => !noNewPrivileges && !mount()?.nosuid);
        return judge(
          gaining.map(({ path }) => path),
          `${set.length} found, which gain nothing`,
        );
      };
    },
  },
  'shared-modes': {
    area: 'files',
    title: 'modes of devices and of files in /proc can be changed, for the whole machine',
    hint: 'The command is their owner: choose another `user` than the one that owns them.',
    prepare(calls, { host, outsideUid, isMapped, capabilities }) {
      // Not tried: if it went through, it would be a change. The kernel decides by owner and mount.
      const tried = SHARED.map((path) => ({
        path,
        stat: calls.stat(path),
        mount: calls.mountOf(path),
      }));
      const overridesOwner = capabilities.effective.has('cap_fowner');
      return () => {
        const found = tried.filter(({ path, stat, mount }) => {
          const owner = host.ownerOf(path);
          if (owner === undefined || mount()?.readonly !== false) return false;
          if (!path.startsWith('/proc/') && stat()?.kind !== 'character') return false;
          return owner === outsideUid || (overridesOwner && isMapped(owner));
        });
        return judge(
          found.map(({ path }) => path),
          `${SHARED.length} files looked at: none is the command's own`,
        );
      };
    },
  },
  covers: {
    area: 'files',
    title: 'what covers files of the host can be unmounted',
    hint: 'cap_sys_admin permits it: covers protect nothing from a command that has it.',
    changes: 'sandbox',
    prepare(calls, { mounts }) {
      const targets = mounts
        .map(({ target }) => target)
        .filter((target) => target !== '/' && target !== '/proc');
      const tried = targets
        .reverse()
        .map((target) => ({ target, outcome: calls.call('umount2', target, MNT_DETACH) }));
      return () => {
        const gone = tried
          .filter(({ outcome }) => outcome.result() === 0)
          .map(({ target }) => target);
        if (gone.length > 0) return reachable(listed(gone));
        const error = tried[0]?.outcome.error() ?? 'none there';
        return blocked(`${tried.length} mounts tried: ${error}`);
      };
    },
  },
} satisfies Record<string, Probe>;
