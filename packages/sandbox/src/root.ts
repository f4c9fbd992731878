// The root file system of a sandbox, as the options of rootfs().
import { existsSync, lstatSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { defaultMask, type RootEntry, type RootfsOptions, type RootOverlay } from '@ns/mount';
import { bytesOf } from './limits.js';
import { hasUplink } from './network.js';
import type { Bytes, SandboxOptions } from './options.js';

/** Directories of the host behind which there is what is nobody's business, or sockets of services. */
const COVERED = ['/home', '/root', '/run', '/mnt', '/media', '/var/tmp', '/var/spool', '/var/log'];
/** Files and directories of the host with keys and passwords. */
const HIDDEN = [
  '/boot',
  '/etc/gshadow',
  '/etc/gshadow-',
  '/etc/krb5.keytab',
  '/etc/shadow',
  '/etc/shadow-',
  '/etc/ssh',
  '/etc/ssl/private',
  '/etc/sudoers',
  '/etc/sudoers.d',
  '/etc/wireguard',
];
/** Where programs and their libraries are. */
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];
const DEFAULT_TMP = '64M';
const DEFAULT_CHANGES = '256M';
const PAGE = 4096;
const FEWEST = 1024;

const isDirectory = (path: string) => existsSync(path) && lstatSync(path).isDirectory();

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

const show = (path: string, readonly: boolean): RootEntry => ({
  type: 'bind',
  source: path,
  target: path,
  nosuid: true,
  nodev: true,
  ...(readonly ? { readonly } : {}),
});

/** Programs and libraries of the host, read-only, for a root that is empty otherwise. */
export function systemEntries(): RootEntry[] {
  return SYSTEM.filter((path) => existsSync(path)).map((path) =>
    lstatSync(path).isSymbolicLink()
      ? { type: 'symlink', target: path, to: readlinkSync(path) }
      : show(path, true),
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

function secretEntries(secrets: NonNullable<SandboxOptions['secrets']>): RootEntry[] {
  const entries = Object.entries(secrets);
  if (entries.length === 0) return [];
  const place = '/run/secrets';
  return [
    { type: 'tmpfs', target: place, mode: 0o500, nosuid: true, nodev: true, noexec: true },
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

/** What is covered of a root, so that it is not seen, or so that mountpoints can be made in it. */
function coversOf({ secrets = {} }: SandboxOptions, directory: string | undefined): RootEntry[] {
  if (directory === undefined) return [];
  if (resolve(directory) === '/') return COVERED.filter(isDirectory).map(cover);
  // The directory may be somebody else's, where the commands' user cannot make /run/secrets.
  return Object.keys(secrets).length > 0 ? [cover('/run')] : [];
}

/** What the preparation of the root has found or made. */
export interface PreparedRoot {
  /** The directory that becomes the root; undefined for an empty one. */
  readonly directory?: string | undefined;
  readonly writable: boolean;
  readonly overlay?: RootOverlay | undefined;
}

/** The root by these options. */
export function rootOptions(options: SandboxOptions, root: PreparedRoot): RootfsOptions {
  const { tmp = DEFAULT_TMP, mask = [], readable = [], writable = [], mounts = [] } = options;
  const { directory, overlay } = root;
  const host = directory !== undefined && resolve(directory) === '/';
  return {
    ...(directory === undefined ? {} : { source: directory }),
    ...(overlay === undefined ? {} : { overlay }),
    readonly: !root.writable,
    tmp: inMemory(tmp),
    mask: [...defaultMask(), ...(host ? HIDDEN : []), ...mask],
    mounts: [
      {
        type: 'tmpfs',
        target: '/dev/shm',
        ...inMemory(tmp),
        nosuid: true,
        nodev: true,
        noexec: true,
      },
      ...coversOf(options, directory),
      ...(host ? nameServers(options) : []),
      ...readable.map((path) => show(path, true)),
      ...writable.map((path) => show(path, false)),
      ...mounts,
      ...secretEntries(options.secrets ?? {}),
    ],
  };
}
