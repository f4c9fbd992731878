// The root file system of a sandbox, as the options of rootfs().
import { existsSync, lstatSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { Namespace, type NamespaceSpec } from '@ns/core';
import { listDefaultMasks, type RootEntry, type RootfsOptions, type RootOverlay } from '@ns/mount';
import { parseRootEntry, rootfsWith } from '@ns/mount/authors';
import type { Settings } from '../../options/members.js';
import { own } from '../../options/own.js';
import type { Identity } from '../identity.js';
import { hasUplink } from '../network.js';
import { type Covers, coversOf, REPLACED } from './covers.js';
import { amongMounts, type Shown, shownOf } from './host-paths.js';

/** Directories of programs and their libraries. */
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];
/** Files of /proc that only root may read, with facts about the memory of the machine. */
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
/** Bytes of changes in memory, unless options say otherwise. */
const DEFAULT_CHANGES = 256 * 1024 ** 2;
const COVER_SIZE = 64 * 1024;
const PAGE = 4096;
const FEWEST = 1024;

/**
 * Limits of a file system in memory. An empty file takes memory that the size does not count, and there
 * may be as many as half of the machine's pages by default.
 */
function inMemory(size: number): { size: number; inodes: number } {
  return { size, inodes: Math.max(FEWEST, Math.ceil(size / PAGE)) };
}

/** Returns the overlay of changes in memory, with its limits. */
export const changesInMemory = (size = DEFAULT_CHANGES): RootOverlay => inMemory(size);

/** Returns an empty file system that is small, but has room for mountpoints. */
const cover = (target: string): RootEntry => ({
  type: 'tmpfs',
  target,
  ...inMemory(COVER_SIZE),
  mode: 0o755,
  nosuid: true,
  nodev: true,
});

/** Returns a read-only mount of a path of the host at the same place. */
const show = (path: string): RootEntry => ({
  type: 'bind',
  source: path,
  target: path,
  readonly: true,
  nosuid: true,
  nodev: true,
});

/** Returns programs and libraries of the host, read-only, for a root that is empty otherwise. */
export function systemEntries(): RootEntry[] {
  return SYSTEM.filter((path) => existsSync(path)).map((path) =>
    lstatSync(path).isSymbolicLink()
      ? { type: 'symlink', target: path, to: readlinkSync(path) }
      : show(path),
  );
}

/** The servers that systemd-resolved asks. */
const UPSTREAM = '/run/systemd/resolve/resolv.conf';

/** Returns the host's name servers, as commands can reach them: on its loopback only with its network. */
function hostServers(path: string, settings: Settings): string {
  const content = readFileSync(path, 'utf8');
  const servers = [...content.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, address]) => address);
  const local = servers.every((address) => address?.startsWith('127.') || address === '::1');
  return local && hasUplink(settings) && existsSync(UPSTREAM)
    ? readFileSync(UPSTREAM, 'utf8')
    : content;
}

/** Returns /etc/resolv.conf: the host's may be a link to a covered directory. */
function nameServers(settings: Settings): RootEntry[] {
  const { network } = settings;
  if (network === 'none') return [];
  const dns = network === 'host' || Namespace.isNamespace(network) ? undefined : network.dns;
  const path = '/etc/resolv.conf';
  if (!existsSync(path)) return [];
  const content = dns
    ? dns.map((server) => `nameserver ${server}\n`).join('')
    : hostServers(path, settings);
  return [{ type: 'file', target: realpathSync(path), content }];
}

/** Returns a file system of secrets: read-only when they are there, so that no command changes them. */
function secretEntries(secrets: Settings['secrets']): RootEntry[] {
  const entries = Object.entries(secrets);
  if (entries.length === 0) return [];
  const directory = '/run/secrets';
  const pages = entries.reduce((sum, [, content]) => {
    return sum + Math.ceil(Buffer.byteLength(content) / PAGE);
  }, 1);
  return [
    {
      type: 'tmpfs',
      target: directory,
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
        target: `${directory}/${name}`,
        content,
        mode: 0o400,
      }),
    ),
  ];
}

/** The parts of the host in a root: hidden and shown. */
export interface Layout {
  readonly covers: Covers;
  readonly shown: Shown;
  /** True if the commands are the kernel's root. */
  readonly isKernelRoot: boolean;
}

/** Returns true if the root is the host's, by any path. */
function isHost({ root }: Pick<Settings, 'root'>): boolean {
  if (typeof root === 'string') return root === 'host';
  return 'directory' in root && existsSync(root.directory) && realpathSync(root.directory) === '/';
}

/**
 * Returns the parts of the host that will be in a root.
 *
 * @throws {TypeError} for paths of options that contradict each other
 * @throws {Error} for a path that cannot be hidden
 */
export function layoutOf(settings: Settings, { outside }: Pick<Identity, 'outside'>): Layout {
  const host = isHost(settings);
  const covers = host ? coversOf(outside) : { directories: [], masks: [] };
  const empty = [...REPLACED, ...covers.directories];
  const shown = shownOf(settings, host ? '/' : undefined, empty);
  return { covers, shown, isKernelRoot: outside.uid === 0 };
}

/** Returns covers over directories: to hide them, or to have room for mountpoints. */
function coverEntries({ secrets, root }: Settings, { directories }: Covers): readonly RootEntry[] {
  // The directory may be another user's, where the commands' user cannot make /run/secrets.
  const made = directories.length === 0 && root !== 'empty' && Object.keys(secrets).length > 0;
  return (made ? ['/run'] : directories).map(cover);
}

/** A root, as its preparation has found or made it. */
export interface PreparedRoot {
  /** The directory that becomes the root; undefined for an empty one. */
  readonly directory: string | undefined;
  readonly writable: boolean;
  readonly overlay: RootOverlay | undefined;
  readonly layout: Layout;
}

/** Returns the options of rootfs(). */
export function rootfsOptions(settings: Settings, root: PreparedRoot): RootfsOptions {
  const { tmp, mask, mounts, sys, secrets } = settings;
  const { directory, overlay, layout } = root;
  const { covers, shown, isKernelRoot } = layout;
  return own({
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
      ...coverEntries(settings, covers),
      ...(isHost(settings) ? nameServers(settings) : []),
      ...amongMounts(
        shown.entries,
        mounts.map(({ given }) => given),
      ),
      ...secretEntries(secrets),
    ],
  });
}

/** Returns the mount namespace with the root. Entries that have been parsed with the options stay so. */
export function rootNamespace(settings: Settings, root: PreparedRoot): NamespaceSpec {
  const { mounts = [], ...options } = rootfsOptions(settings, root);
  const known = new Map(settings.mounts.map(({ given, parsed }) => [given, parsed]));
  const entries = mounts.map((one) => known.get(one) ?? parseRootEntry(one, `entry ${one.target}`));
  return rootfsWith(own(options), entries);
}
