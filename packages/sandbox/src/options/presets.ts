// Presets: descriptions made of the same options as one's own. What each of them stops, and what not,
// is in docs/presets.md.
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { assertKeys } from '@ns/core/authors';
import type { RootEntry } from '@ns/mount';
import { isWithin } from '../build/root/covers.js';
import { identityOf, workerOf } from '../build/identity.js';
import { checkOptions, type SandboxOptions } from './types.js';
import { systemEntries } from '../build/root/rootfs-options.js';
import { ownProperties } from './validate.js';

/** Files of /etc that programs and libraries look for, and that tell nothing. */
const CONFIGURATION = [
  '/etc/alternatives',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/localtime',
  '/etc/nsswitch.conf',
  '/etc/ssl/certs',
];
/** What {@link build} protects in a work tree. */
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

function assertText(value: unknown, name: string): void {
  if (typeof value !== 'string' || value === '') {
    throw new TypeError(`${name} must be a path: ${JSON.stringify(value)}`);
  }
}

const isThere = (path: string) => existsSync(path);

/** Users and groups that commands see: root, themselves, and the owner of what is not mapped. */
function accounts(user: SandboxOptions['user']): RootEntry[] {
  const { uid, gid } = identityOf(user === undefined ? {} : { user });
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

/** A root with programs and libraries of the host, and nothing else of it. */
function bare({ user }: SandboxOptions): { root: 'empty'; mounts: RootEntry[] } {
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
  return { root: 'empty', mounts: [...systemEntries(), ...configuration, ...accounts(user)] };
}

/**
 * A preset with what the caller wants otherwise; mounts and limits add up. Into another root nothing of
 * the host is mounted.
 */
function merge(base: SandboxOptions, given: SandboxOptions): SandboxOptions {
  const preset = ownProperties(base);
  const more = checkOptions(given);
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
      ...bare(checkOptions(options)),
      sys: false,
      limits: { memory: '512M', pids: 64, files: 256, fileSize: '64M', cpuTime: 60 },
      timeout: MINUTE,
      maxBuffer: 4 * 1024 * 1024,
    },
    options,
  );
}

/**
 * Lists what is protected in a work tree: files that programs of the host run, or take commands from,
 * as soon as a user works in the tree. Directories end with `/`.
 */
function protectedIn(workdir: string, { readable = [], writable = [] }: SandboxOptions): string[] {
  const named = [...readable, ...writable].map((path) => resolve(path));
  // What the caller names has the access that the caller says.
  return PROTECTED.map((name) => join(workdir, name)).filter(
    (path) =>
      !named.some(
        (one) => one !== workdir && isWithin(one, workdir) && isWithin(resolve(path), one),
      ),
  );
}

/**
 * For steps of a build: the host's files read-only, a work tree that can be written, as the caller, or,
 * if root calls, as the owner of the tree.
 * Hooks and settings in the tree that programs of the host would run are protected, unless `protect`
 * names others, or none.
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
      user: workerOf(workdir),
      writable: [workdir],
      protect: protectedIn(workdir, checkOptions(options)),
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
  const { readable = [], writable = [] } = checkOptions(paths);
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
  return merge({ ...bare(checkOptions(options)), readable, workdir: dirname(path) }, options);
}
