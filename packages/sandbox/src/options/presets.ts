// Presets: options of sandboxes for frequent purposes. docs/presets.md says what each of them stops.
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Members, parse } from '@ns/core/authors';
import type { RootEntry } from '@ns/mount';
import { identityOf, workerOf } from '../build/identity.js';
import { isWithin } from '../build/root/covers.js';
import { systemEntries } from '../build/root/rootfs-options.js';
import { members, parseSandboxOptions, type Settings } from './members.js';
import { own } from './own.js';
import type { SandboxOptions } from './types.js';

/** Files of /etc that programs and libraries look for, without secrets. */
const CONFIGURATION = [
  '/etc/alternatives',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/localtime',
  '/etc/nsswitch.conf',
  '/etc/ssl/certs',
];
/** Paths that {@link build} protects in a work tree. */
const PROTECTED = [
  ...['.git/hooks/', '.git/config', '.git/config.worktree', '.git/commondir'],
  ...['.git/modules/', '.git/worktrees/', '.gitconfig', '.gitmodules'],
  ...['.bash_login', '.bash_logout', '.bash_profile', '.bashrc', '.profile'],
  ...['.zlogin', '.zlogout', '.zprofile', '.zshenv', '.zshrc', '.envrc'],
  ...['.idea/', '.vscode/', '.devcontainer/', '.cursor/', '.mcp.json', '.ripgreprc'],
  ...['.claude/agents/', '.claude/commands/', '.claude/hooks/', '.claude/skills/'],
  ...['.claude/settings.json', '.claude/settings.local.json'],
] as const;
const ROOT = 0;
const NOBODY = 65_534;
const MINUTE = 60_000;

const isThere = (path: string) => existsSync(path);

/** Returns users and groups for the commands: root, theirs, and the owner of ids that are not mapped. */
function accounts(settings: Settings): RootEntry[] {
  const { uid, gid } = identityOf(settings);
  const users = new Map([
    [uid, 'user'],
    [ROOT, 'root'],
    [NOBODY, 'nobody'],
  ] as const);
  const groups = new Map([
    [gid, 'user'],
    [ROOT, 'root'],
    [NOBODY, 'nogroup'],
  ] as const);
  const passwd = [...users].map(([id, name]) =>
    id === uid ? `${name}:x:${id}:${gid}::/tmp:/bin/sh\n` : `${name}:x:${id}:${id}::/:/bin/sh\n`,
  );
  const group = [...groups].map(([id, name]) => `${name}:x:${id}:\n`);
  return [
    { type: 'file', target: '/etc/passwd', content: passwd.join('') },
    { type: 'file', target: '/etc/group', content: group.join('') },
  ];
}

/** Returns a root with programs and libraries of the host, and nothing else of it. */
function bare(settings: Settings): { root: 'empty'; mounts: RootEntry[] } {
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
  return { root: 'empty', mounts: [...systemEntries(), ...configuration, ...accounts(settings)] };
}

/** Returns options without members that are `undefined`, and without inherited ones. */
function defined<Options extends object>(options: Options): Options {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return own(Object.fromEntries(entries)) as Options;
}

/**
 * Returns a preset with the caller's options, which have been parsed, on top; mounts, paths, limits and
 * variables add up. Into another root, nothing of the host is mounted.
 */
function merge(base: SandboxOptions, options: SandboxOptions): SandboxOptions {
  const preset = own(base);
  const more = defined(options);
  const entries = more.root === undefined ? preset.mounts : undefined;
  return own({
    ...preset,
    ...more,
    mounts: [...(entries ?? []), ...(more.mounts ?? [])],
    readable: [...(preset.readable ?? []), ...(more.readable ?? [])],
    writable: [...(preset.writable ?? []), ...(more.writable ?? [])],
    limits: { ...preset.limits, ...defined(more.limits ?? {}) },
    env: { ...preset.env, ...more.env },
  });
}

/**
 * Returns options for code from strangers: only programs and libraries of the host, only loopback as
 * network, limits on everything, a minute of time.
 *
 * @example await sandbox.run('python3', ['-c', code], untrusted());
 */
export function untrusted(options: SandboxOptions = {}): SandboxOptions {
  const settings = parseSandboxOptions(options);
  return merge(
    {
      ...bare(settings),
      sys: false,
      limits: { memory: '512M', pids: 64, files: 256, fileSize: '64M', cpuTime: '60s' },
      timeout: MINUTE,
      maxBuffer: 4 * 1024 * 1024,
    },
    options,
  );
}

/**
 * Lists the protected paths of a work tree: files that programs of the host run, or take commands from,
 * as soon as a user works in the tree. Directories end with `/`.
 */
function protectedIn(workdir: string, { readable, writable }: Settings): string[] {
  const named = [...readable, ...writable].map((path) => resolve(path));
  // Paths that the caller names keep their access.
  return PROTECTED.map((name) => join(workdir, name)).filter(
    (path) =>
      !named.some(
        (one) => one !== workdir && isWithin(one, workdir) && isWithin(resolve(path), one),
      ),
  );
}

/**
 * Returns options for steps of a build: the host's files read-only, a work tree that can be written, as
 * the caller, or, if root calls, as the owner of the tree. Hooks and settings in the tree that programs
 * of the host would run are protected, unless `protect` names others, or an empty list.
 *
 * @param directory the work tree
 * @example await sandbox.run('make', ['all'], build('/srv/job'));
 */
export function build(directory: string, options: SandboxOptions = {}): SandboxOptions {
  const workdir = resolve(parse.path(directory, 'directory'));
  const settings = parseSandboxOptions(options);
  return merge(
    {
      root: 'host',
      user: workerOf(workdir),
      writable: [workdir],
      protect: protectedIn(workdir, settings),
      workdir,
      tmp: '1G',
    },
    options,
  );
}

/** Paths of {@link host}. */
export interface HostPaths {
  /** Paths that are shown read-only. */
  readonly readable?: readonly string[] | undefined;
  /** Paths that can be changed. */
  readonly writable?: readonly string[] | undefined;
}

const parsePaths = parse.options({
  readable: members.readable,
  writable: members.writable,
} satisfies Members<HostPaths>);

/**
 * Returns options that show only these paths of the host, in an empty root. Programs need their libraries: name
 * /usr, /bin, /lib and /lib64 for most.
 *
 * @example await sandbox.run('/usr/bin/sort', ['/data/in'], host({ readable: ['/usr', '/data'] }));
 */
export function host(paths: HostPaths, options: SandboxOptions = {}): SandboxOptions {
  const { readable, writable } = parsePaths(paths, 'paths');
  parseSandboxOptions(options); // refuses wrong ones
  return merge({ root: 'empty', readable, writable }, options);
}

/** Lists a directory and those above it, up to the root. */
function ancestors(directory: string): string[] {
  const parent = dirname(directory);
  return parent === directory ? [directory] : [directory, ...ancestors(parent)];
}

/** Lists the directories that a module can load from: its package, and node_modules above it. */
function modulesOf(script: string): string[] {
  const above = ancestors(dirname(script));
  const home = above.find((one) => isThere(join(one, 'package.json'))) ?? dirname(script);
  const modules = above
    .map((one) => join(one, 'node_modules'))
    .filter((one) => isThere(one) && !one.startsWith(`${home}/`));
  return [home, ...modules];
}

/**
 * Returns options for a Node module: the running Node, the module's package and its node_modules
 * read-only, and programs and libraries of the host.
 *
 * @example await sandbox.run(process.execPath, [script], node(script));
 */
export function node(script: string, options: SandboxOptions = {}): SandboxOptions {
  const given = parse.path(script, 'script');
  const settings = parseSandboxOptions(options);
  const path = realpathSync(given);
  const executable = realpathSync(process.execPath);
  const visible = [executable, process.execPath].filter((one) => !one.startsWith('/usr/'));
  const readable = [...new Set([...visible, ...modulesOf(path)])];
  return merge({ ...bare(settings), readable, workdir: dirname(path) }, options);
}
