// The options of rootfs(): checks and defaults.

import { existsSync, readdirSync } from 'node:fs';
import { posix, resolve } from 'node:path';
import { assertKeys, ownOptions } from '@ns/core/authors';
import { assertFd } from '@ns/core/sys';
import { assertFlag, assertMode, assertOneOf, assertPath, assertText } from '../checks.js';
import type { DetachedMount } from '../detached.js';
import { tmpfsRecipe } from '../filesystems.js';
import { checkMount, type Mount } from '../mounts.js';
import type { RootEntry, RootfsOptions, RootOverlay } from './options.js';

/** Options of rootfs() after the checks. */
export interface CheckedRootfs {
  readonly source: string | undefined;
  readonly mount: DetachedMount | undefined;
  readonly overlay: RootOverlay | undefined;
  readonly readonly: boolean;
  readonly propagation: 'private' | 'slave';
  readonly dev: boolean;
  readonly proc: boolean | 'readonly';
  readonly sys: boolean;
  readonly entries: readonly RootEntry[];
  readonly mask: readonly string[];
  readonly readonlyPaths: readonly string[];
  readonly workdir: string | undefined;
}

/** Hidden in /proc and /sys by container runtimes. */
const MASKED = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];
const PROCESSORS = '/sys/devices/system/cpu';

/**
 * Lists what is hidden in /proc and /sys unless `mask` says something else: what tells of the machine's
 * keys, memory, power and interrupts, from which others' work can be inferred.
 */
export function defaultMask(): string[] {
  const names = existsSync(PROCESSORS) ? readdirSync(PROCESSORS) : [];
  const throttles = names
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => `${PROCESSORS}/${name}/thermal_throttle`)
    .filter((path) => existsSync(path));
  return [...MASKED, ...throttles];
}
const DEFAULT_READONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** A path in the root, in its simplest form. */
function targetPath(value: unknown, name: string): string {
  assertPath(value, name);
  if (!value.startsWith('/')) throw new TypeError(`${name} must begin with /: ${value}`);
  if (value.split('/').includes('..')) throw new TypeError(`${name} must not contain ..: ${value}`);
  const path = posix.normalize(value).replace(/(?<=.)\/$/, '');
  if (path === '/') throw new TypeError(`${name} must not be the root itself`);
  return path;
}

/** The same mount, with absolute paths of what it shows. */
function withAbsoluteSources(mount: Mount): Mount {
  if (mount.type === 'bind') return { ...mount, source: resolve(mount.source) };
  if (mount.type !== 'overlay') return mount;
  const { lower, upper, work } = mount;
  return {
    ...mount,
    lower: lower.map((layer) => resolve(layer)),
    ...(upper === undefined ? {} : { upper: resolve(upper) }),
    ...(work === undefined ? {} : { work: resolve(work) }),
  };
}

/**
 * Checks what is to be put into a root, as {@link rootfs} does it.
 *
 * @param name what errors call it
 * @returns the same, with its paths in their simplest form
 * @throws {TypeError | RangeError} naming the part that is wrong
 */
export function checkRootEntry(given: RootEntry, name: string): RootEntry {
  const entry = ownOptions(given, name);
  const target = targetPath(entry.target, `${name}.target`);
  switch (entry.type) {
    case 'file':
      assertKeys(entry, ['type', 'target', 'content', 'mode'], name);
      assertMode(entry.mode, `${name}.mode`);
      if (typeof entry.content !== 'string' && !(entry.content instanceof Uint8Array)) {
        throw new TypeError(`${name}.content must be a text or bytes`);
      }
      return ownOptions({ ...entry, target });
    case 'directory':
      assertKeys(entry, ['type', 'target', 'mode'], name);
      assertMode(entry.mode, `${name}.mode`);
      return ownOptions({ ...entry, target });
    case 'symlink':
      assertKeys(entry, ['type', 'target', 'to'], name);
      assertText(entry.to, `${name}.to`);
      return ownOptions({ ...entry, target });
    default: {
      checkMount(entry, name);
      // SECURITY.md S2: a relative path is one of the present working directory.
      const mount = ownOptions(withAbsoluteSources({ ...entry, target }));
      checkMount(mount, name);
      return mount;
    }
  }
}

function checkOverlay(overlay: unknown, source: unknown): RootOverlay | undefined {
  if (overlay === undefined || overlay === false) return undefined;
  if (source !== undefined && typeof source !== 'string') {
    throw new TypeError('overlay needs a directory as source, not a detached mount');
  }
  if (source === undefined)
    throw new TypeError('overlay needs source: without one, all is in memory');
  if (overlay === true) return ownOptions({});
  assertKeys(overlay, ['lower', 'upper', 'work', 'size', 'inodes'], 'overlay');
  const { lower = [], upper, work, ...limits } = ownOptions(overlay as RootOverlay);
  tmpfsRecipe(ownOptions(limits), 'overlay'); // checks them
  if (!Array.isArray(lower))
    throw new TypeError(`overlay.lower must be an array: ${String(lower)}`);
  lower.forEach((layer, i) => {
    assertPath(layer, `overlay.lower[${i}]`);
  });
  if ((upper === undefined) !== (work === undefined)) {
    throw new TypeError('overlay.upper and overlay.work belong together');
  }
  const layers = { lower: lower.map((layer) => resolve(layer)) };
  if (upper === undefined || work === undefined) return ownOptions({ ...layers, ...limits });
  for (const name of Object.keys(limits)) {
    throw new TypeError(`overlay.${name} is for changes in memory, without overlay.upper`);
  }
  assertPath(upper, 'overlay.upper');
  assertPath(work, 'overlay.work');
  return ownOptions({ ...layers, upper: resolve(upper), work: resolve(work) });
}

function paths(value: unknown, name: string): string[] {
  if (!Array.isArray(value)) throw new TypeError(`${name} must be an array: ${String(value)}`);
  return value.map((path, i) => targetPath(path, `${name}[${i}]`));
}

/** /tmp and the files in /etc, as entries before those of the caller. */
function furnishing({ tmp = true, hostname, resolv, hosts }: RootfsOptions): RootEntry[] {
  const entries: RootEntry[] = [];
  if (typeof tmp !== 'boolean') {
    entries.push({ ...tmp, type: 'tmpfs', target: '/tmp', nosuid: true, nodev: true });
  } else if (tmp) entries.push({ type: 'tmpfs', target: '/tmp', nosuid: true, nodev: true });
  const files = {
    '/etc/hostname': hostname === undefined ? undefined : `${hostname}\n`,
    '/etc/hosts': hosts,
    '/etc/resolv.conf': resolv,
  };
  for (const [target, content] of Object.entries(files)) {
    if (content !== undefined) entries.push({ type: 'file', target, content });
  }
  return entries;
}

/** Checks the options of rootfs(). */
export function checkRootfs(given: RootfsOptions): CheckedRootfs {
  assertKeys(given, optionNames, 'rootfs');
  const options = ownOptions(given);
  const { source, readonly = false, propagation = 'private', workdir } = options;
  const { dev = true, proc = true, sys = true, mounts = [] } = options;
  const { mask = defaultMask(), readonlyPaths = DEFAULT_READONLY } = options;
  const mount = typeof source === 'object' ? source : undefined;
  if (mount) assertFd(mount.fd, 'source');
  else if (source !== undefined) assertPath(source, 'source');
  assertOneOf(propagation, ['private', 'slave'], 'propagation');
  for (const [name, value] of Object.entries({ readonly, dev, sys })) assertFlag(value, name);
  if (proc !== 'readonly') assertFlag(proc, 'proc');
  if (options.tmp !== undefined && typeof options.tmp !== 'object') assertFlag(options.tmp, 'tmp');
  for (const name of ['hostname', 'resolv', 'hosts'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'string') {
      throw new TypeError(`${name} must be a text: ${String(options[name])}`);
    }
  }
  if (workdir !== undefined) assertPath(workdir, 'workdir');
  if (!Array.isArray(mounts)) throw new TypeError(`mounts must be an array: ${String(mounts)}`);
  return {
    source: typeof source === 'string' ? resolve(source) : undefined,
    mount,
    overlay: checkOverlay(options.overlay, source),
    readonly,
    propagation,
    dev,
    proc,
    sys,
    entries: [
      ...furnishing(options).map((entry) => checkRootEntry(entry, 'tmp')),
      ...mounts.map((entry: RootEntry, i) => checkRootEntry(entry, `mounts[${i}]`)),
    ],
    mask: paths(mask, 'mask'),
    readonlyPaths: paths(readonlyPaths, 'readonlyPaths'),
    workdir,
  };
}

const optionNames = [
  'source',
  'overlay',
  'readonly',
  'propagation',
  'dev',
  'proc',
  'sys',
  'tmp',
  'hostname',
  'resolv',
  'hosts',
  'mounts',
  'mask',
  'readonlyPaths',
  'workdir',
];
