// Presets: descriptions made of the same options as one's own. What each of them stops, and what not,
// is in docs/presets.md.
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { assertKeys } from '@ns/core';
import type { RootEntry } from '@ns/mount';
import { checkOptions, type SandboxOptions } from './options.js';
import { systemEntries } from './root.js';

/** Files of /etc that programs and libraries look for, and that tell nothing. */
const CONFIGURATION = [
  '/etc/alternatives',
  '/etc/group',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/localtime',
  '/etc/nsswitch.conf',
  '/etc/passwd',
  '/etc/ssl/certs',
];
const MINUTE = 60_000;

function assertText(value: unknown, name: string): void {
  if (typeof value !== 'string' || value === '') {
    throw new TypeError(`${name} must be a path: ${JSON.stringify(value)}`);
  }
}

const isThere = (path: string) => existsSync(path);

/** A root with programs and libraries of the host, and nothing else of it. */
function bare(): { root: 'empty'; mounts: RootEntry[] } {
  const configuration = CONFIGURATION.filter(isThere).map(
    (path): RootEntry => ({
      type: 'bind',
      source: realpathSync(path),
      target: path,
      readonly: true,
      nosuid: true,
      nodev: true,
    }),
  );
  return { root: 'empty', mounts: [...systemEntries(), ...configuration] };
}

/**
 * A preset with what the caller wants otherwise; mounts and limits add up. Into another root nothing of
 * the host is mounted.
 */
function merge(preset: SandboxOptions, more: SandboxOptions): SandboxOptions {
  checkOptions(more);
  const own = more.root === undefined ? preset.mounts : undefined;
  const mounts = [...(own ?? []), ...(more.mounts ?? [])];
  return {
    ...preset,
    ...more,
    mounts,
    readable: [...(preset.readable ?? []), ...(more.readable ?? [])],
    writable: [...(preset.writable ?? []), ...(more.writable ?? [])],
    limits: { ...preset.limits, ...more.limits },
    env: { ...preset.env, ...more.env },
  };
}

/**
 * For code from strangers: programs and libraries of the host and nothing else, no network, limits on
 * everything, a minute of time.
 *
 * @example await sandbox.run('python3', ['-c', code], untrusted());
 */
export function untrusted(options: SandboxOptions = {}): SandboxOptions {
  return merge(
    {
      ...bare(),
      limits: { memory: '512M', pids: 64, files: 256, fileSize: '64M', cpuTime: 60 },
      timeout: MINUTE,
      maxBuffer: 4 * 1024 * 1024,
    },
    options,
  );
}

/**
 * For steps of a build: the host's files read-only, a work tree that can be written, as oneself.
 *
 * @param directory the work tree
 * @example await sandbox.run('make', ['all'], build('/srv/job'));
 */
export function build(directory: string, options: SandboxOptions = {}): SandboxOptions {
  assertText(directory, 'directory');
  const workdir = resolve(directory);
  return merge(
    {
      root: 'host',
      user: 'current',
      writable: [workdir],
      workdir,
      tmp: '1G',
    },
    options,
  );
}

/**
 * Only what is named: an empty root with these paths of the host. Programs need their libraries: name
 * /usr, /bin, /lib and /lib64 for most.
 *
 * @example await sandbox.run('/usr/bin/sort', ['/data/in'], host({ readable: ['/usr', '/data'] }));
 */
export function host(
  paths: { readonly readable?: readonly string[]; readonly writable?: readonly string[] },
  options: SandboxOptions = {},
): SandboxOptions {
  assertKeys(paths, ['readable', 'writable'], 'paths');
  checkOptions(paths);
  const { readable = [], writable = [] } = paths;
  return merge({ root: 'empty', readable, writable }, options);
}

/** The directories from one up to the root. */
function ancestors(directory: string): string[] {
  const parent = dirname(directory);
  return parent === directory ? [directory] : [directory, ...ancestors(parent)];
}

/** What a module can load: its package, and modules in the directories above. */
function modulesOf(script: string): string[] {
  const above = ancestors(dirname(script));
  const home = above.find((one) => isThere(join(one, 'package.json'))) ?? dirname(script);
  const modules = above
    .map((one) => join(one, 'node_modules'))
    .filter((one) => isThere(one) && !one.startsWith(`${home}/`));
  return [home, ...modules];
}

/**
 * For a Node module: the running Node, the module's package and its node_modules read-only, and
 * programs and libraries of the host.
 *
 * @example await sandbox.run(process.execPath, [script], node(script));
 */
export function node(script: string, options: SandboxOptions = {}): SandboxOptions {
  assertText(script, 'script');
  const path = realpathSync(script);
  const executable = realpathSync(process.execPath);
  const visible = [executable, process.execPath].filter((one) => !one.startsWith('/usr/'));
  const readable = [...new Set([...visible, ...modulesOf(path)])];
  return merge({ ...bare(), readable, workdir: dirname(path) }, options);
}
