// What the caller sees of its own machine: what a probe compares its findings with.
import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import os from 'node:os';
import { resolve } from 'node:path';
import { allNamespaceTypes, type NamespaceType } from '@ns/core';
import { namespaceTypes } from '@ns/core/authors';
import { listMounts, type MountInfo } from '@ns/mount';
import type { SandboxOptions } from '../options/types.js';
import { type FileFacts, kindOf } from './calls.js';

/** Users of the distribution: below and above, uids belong to services. */
const FIRST_USER = 1000;
const LAST_USER = 60_000;
/** Homes of services, in which there is nothing of a user's. */
const SYSTEM =
  /^\/($|(bin|sbin|usr|lib\w*|dev|proc|sys|etc|tmp|var|nonexistent)$|(usr|etc|run|dev)\/)/;

/** The caller's machine. */
export interface Host {
  readonly uid: number;
  readonly environment: NodeJS.ProcessEnv;
  /** Home directories of users, the caller's included. */
  readonly homes: readonly string[];
  /** Names of users. */
  readonly users: readonly string[];
  /** Paths of sockets that something listens at. */
  readonly sockets: readonly string[];
  readonly namespaces: Readonly<Record<NamespaceType, string>>;
  /** Returns true if a file system with this number is mounted. */
  hasDevice(device: MountInfo['device']): boolean;
  /** Returns the owner of a file, as the caller sees it. */
  ownerOf(path: string): number | undefined;
  /** Returns true if an option names this path, or a directory above. */
  isNamed(path: string): boolean;
  /** Returns true if the file inside is the one that the path leads to outside. */
  isSame(path: string, inside: FileFacts | undefined): boolean;
}

/** Reads a file of the caller; '' if that is refused: then no command reads it either. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function homesOf(passwd: readonly string[][], uid: number): string[] {
  const ofUsers = passwd
    .filter(([, , id]) => {
      const number = Number(id);
      const isUser = number >= FIRST_USER && number < LAST_USER;
      return number === 0 || number === uid || isUser;
    })
    .map((entry) => entry[5] ?? '');
  const below = namesIn('/home').map((name) => `/home/${name}`);
  const all = ['/home', '/root', os.homedir(), ...below, ...ofUsers].filter(
    (path) => path.startsWith('/') && !SYSTEM.test(path),
  );
  return [...new Set([...all, ...all.map(realPath)])];
}

/** Returns the paths that the options show. */
function namedBy({ readable = [], writable = [], mounts = [] }: SandboxOptions): string[] {
  const bound = mounts.filter(({ type }) => type === 'bind').map(({ target }) => target);
  return [
    ...new Set(
      [...readable, ...writable, ...bound].flatMap((path) => [resolve(path), realPath(path)]),
    ),
  ];
}

function outsideFacts(path: string): FileFacts | undefined {
  try {
    const { mode, uid, size, ino, dev, mtimeNs } = statSync(path, { bigint: true });
    // As makedev(3) puts them together.
    const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
    const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
    return {
      kind: kindOf(Number(mode)),
      mode: Number(mode),
      uid: Number(uid),
      size,
      inode: ino,
      device: `${major}:${minor}`,
      mtime: String(mtimeNs),
    };
  } catch {
    return undefined; // the caller has no such file, so no command has it from here
  }
}

/** Looks at the caller's machine, for a sandbox with these options. */
export function hostFor(options: SandboxOptions): Host {
  const passwd = read('/etc/passwd')
    .split('\n')
    .map((line) => line.split(':'));
  const uid = process.geteuid?.() ?? 0;
  const named = namedBy(options);
  const mounted = listMounts();
  const { root } = options;
  // A file seen through an overlay has the device of the overlay.
  const overlaid = typeof root === 'object' && root.overlay !== undefined;
  return {
    uid,
    environment: process.env,
    homes: homesOf(passwd, uid),
    users: passwd
      .filter(([, , id]) => Number(id) >= FIRST_USER && Number(id) < LAST_USER)
      .map(([name = '']) => name),
    sockets: [
      ...new Set([...read('/proc/net/unix').matchAll(/ (\/\S.*)$/gm)].map(([, path = '']) => path)),
    ],
    namespaces: Object.fromEntries(
      allNamespaceTypes.map((type) => [
        type,
        readlinkSync(`/proc/self/ns/${namespaceTypes[type].file}`),
      ]),
    ) as Host['namespaces'],
    hasDevice: ({ major, minor }) =>
      mounted.some(({ device }) => device.major === major && device.minor === minor),
    ownerOf: (path) => outsideFacts(path)?.uid,
    isNamed: (path) =>
      named.some((one) => path === one || path.startsWith(one === '/' ? one : `${one}/`)),
    isSame(path, inside) {
      const outside = outsideFacts(path);
      if (!inside || !outside || inside.kind !== outside.kind) return false;
      return overlaid
        ? inside.mtime === outside.mtime && inside.size === outside.size
        : inside.device === outside.device && inside.inode === outside.inode;
    },
  };
}
