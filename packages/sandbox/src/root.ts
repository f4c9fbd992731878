// The root file system of a sandbox, as the options of rootfs().
import { existsSync, lstatSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { listDefaultMasks, type RootEntry, type RootfsOptions, type RootOverlay } from '@ns/mount';
import { type Bytes, bytesOf } from './bytes.js';
import { type Covers, coversOf, REPLACED } from './covers.js';
import type { Identity } from './identity.js';
import { hasUplink } from './network.js';
import type { SandboxOptions } from './options.js';
import { amongMounts, type Shown, shownOf } from './shown.js';
import { ownProperties } from './validate.js';

/** Where programs and their libraries are. */
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];
/** Files of /proc that root alone may read, and that tell of the memory of the whole machine. */
const OF_ROOT = [
  '/proc/iomem',
  '/proc/ioports',
  '/proc/kallsyms',
  '/proc/kmsg',
  '/proc/kpagecgroup',
  '/proc/kpagecount',
  '/proc/kpageflags',
  '/proc/modules',
  '/proc/pagetypeinfo',
  '/proc/slabinfo',
  '/proc/vmallocinfo',
  '/proc/vmcore',
];
const DEFAULT_TMP = '64M';
const DEFAULT_CHANGES = '256M';
const PAGE = 4096;
const FEWEST = 1024;

/**
 * Limits of a file system in memory. An empty file takes memory that the size does not count, and there
 * may be as many as half of the machine's pages by default.
 */
function inMemory(size: Bytes): { size: Bytes; inodes: number } {
  return { size, inodes: Math.max(FEWEST, Math.ceil(bytesOf(size) / PAGE)) };
}

/** Where changes in memory go. */
export const changesInMemory = (size: Bytes = DEFAULT_CHANGES): RootOverlay => inMemory(size);

/** Empty and small, so that mountpoints can be made in it. */
const cover = (target: string): RootEntry => ({
  type: 'tmpfs',
  target,
  ...inMemory('64k'),
  mode: 0o755,
  nosuid: true,
  nodev: true,
});

const show = (path: string): RootEntry => ({
  type: 'bind',
  source: path,
  target: path,
  readonly: true,
  nosuid: true,
  nodev: true,
});

/** Programs and libraries of the host, read-only, for a root that is empty otherwise. */
export function systemEntries(): RootEntry[] {
  return SYSTEM.filter((path) => existsSync(path)).map((path) =>
    lstatSync(path).isSymbolicLink()
      ? { type: 'symlink', target: path, to: readlinkSync(path) }
      : show(path),
  );
}

/** Where systemd-resolved names the servers that it asks itself. */
const UPSTREAM = '/run/systemd/resolve/resolv.conf';

/** The host's name servers, as commands can reach them: on its loopback only with its network. */
function hostServers(path: string, options: SandboxOptions): string {
  const content = readFileSync(path, 'utf8');
  const servers = [...content.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, address]) => address);
  const local = servers.every((address) => address?.startsWith('127.') || address === '::1');
  return local && hasUplink(options) && existsSync(UPSTREAM)
    ? readFileSync(UPSTREAM, 'utf8')
    : content;
}

/** /etc/resolv.conf, where the host's is a link to what is covered. */
function nameServers(options: SandboxOptions): RootEntry[] {
  const { network } = options;
  const dns = typeof network === 'object' && 'dns' in network ? network.dns : undefined;
  if (network === undefined || network === 'none') return [];
  const path = '/etc/resolv.conf';
  if (!existsSync(path)) return [];
  const content = dns
    ? dns.map((server) => `nameserver ${server}\n`).join('')
    : hostServers(path, options);
  return [{ type: 'file', target: realpathSync(path), content }];
}

/** As large as its files, and read-only when they are there: no command changes what the next reads. */
function secretEntries(secrets: NonNullable<SandboxOptions['secrets']>): RootEntry[] {
  const entries = Object.entries(secrets);
  if (entries.length === 0) return [];
  const place = '/run/secrets';
  const pages = entries.reduce((sum, [, content]) => {
    return sum + Math.ceil(Buffer.byteLength(content) / PAGE);
  }, 1);
  return [
    {
      type: 'tmpfs',
      target: place,
      size: pages * PAGE,
      inodes: entries.length + 1,
      mode: 0o500,
      readonly: true,
      nosuid: true,
      nodev: true,
      noexec: true,
    },
    ...entries.map(
      ([name, content]): RootEntry => ({
        type: 'file',
        target: `${place}/${name}`,
        content,
        mode: 0o400,
      }),
    ),
  ];
}

/** What of the host is in a root, and how. */
export interface Layout {
  readonly covers: Covers;
  readonly shown: Shown;
  /** Whether the commands are the kernel's root. */
  readonly isKernelRoot: boolean;
}

/** Returns whether the root is the host's own, by whatever path. */
function isHost({ root = 'host' }: SandboxOptions): boolean {
  if (typeof root === 'string') return root === 'host';
  return 'directory' in root && existsSync(root.directory) && realpathSync(root.directory) === '/';
}

/**
 * Returns what of the host will be in a root.
 *
 * @throws {TypeError} for paths of options that contradict each other
 * @throws {Error} for what cannot be hidden
 */
export function layoutOf(options: SandboxOptions, { outside }: Pick<Identity, 'outside'>): Layout {
  const host = isHost(options);
  const covers = host ? coversOf(outside) : { directories: [], masks: [] };
  const empty = [...REPLACED, ...covers.directories];
  const shown = shownOf(options, host ? '/' : undefined, empty);
  return { covers, shown, isKernelRoot: outside.uid === 0 };
}

/** What is covered of a root, so that it is not seen, or so that mountpoints can be made in it. */
function coverEntries(
  { secrets = {}, root }: SandboxOptions,
  { directories }: Covers,
): readonly RootEntry[] {
  // The directory may be another user's, where the commands' user cannot make /run/secrets.
  const made = directories.length === 0 && root !== 'empty' && Object.keys(secrets).length > 0;
  return (made ? ['/run'] : directories).map(cover);
}

/** What the preparation of the root has found or made. */
export interface PreparedRoot {
  /** The directory that becomes the root; undefined for an empty one. */
  readonly directory?: string | undefined;
  readonly writable: boolean;
  readonly overlay?: RootOverlay | undefined;
  readonly layout: Layout;
}

/** The root by these options. */
export function rootOptions(options: SandboxOptions, root: PreparedRoot): RootfsOptions {
  const { tmp = DEFAULT_TMP, mask = [], mounts = [], sys = true } = options;
  const { directory, overlay, layout } = ownProperties(root);
  const { covers, shown, isKernelRoot } = layout;
  return {
    ...(directory === undefined ? {} : { source: directory }),
    ...(overlay === undefined ? {} : { overlay }),
    readonly: !root.writable,
    // SECURITY.md S12: files of /proc have one owner and one mode for the whole machine.
    proc: isKernelRoot ? 'readonly' : true,
    sys,
    tmp: inMemory(tmp),
    mask: [...listDefaultMasks(), ...(isKernelRoot ? OF_ROOT : []), ...covers.masks, ...mask],
    mounts: [
      {
        type: 'tmpfs',
        target: '/dev/shm',
        ...inMemory(tmp),
        nosuid: true,
        nodev: true,
        noexec: true,
      },
      ...coverEntries(options, covers),
      ...(isHost(options) ? nameServers(options) : []),
      ...amongMounts(shown.entries, mounts),
      ...secretEntries(options.secrets ?? {}),
    ],
  };
}
