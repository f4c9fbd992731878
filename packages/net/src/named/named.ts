// Named network namespaces, compatible with `ip netns` in both directions.
import { readdirSync, readlinkSync, statfsSync, statSync, unlinkSync } from 'node:fs';
import { createNamespace, Namespace, SystemError } from '@ns/core';
import { type Members, parse } from '@ns/core/authors';
import { isolatedNet } from '../isolated.js';
import { Rtnetlink } from '../rtnetlink/rtnetlink.js';
import { withDirectory } from './directory.js';
import { DIRECTORY, namespaceName, pathOfName } from './names.js';

const NSFS_MAGIC = 0x6e73_6673;
const EEXIST = 17;
/** Milliseconds after which an empty file is what a crash has left, and not a name being made. */
const STALE = 2000;

/** A name. */
export interface NamedNamespace {
  readonly name: string;
  /** The number that the calling thread's namespace has for it, if it has one. */
  readonly id?: number;
}

function ifThere<Result>(look: () => Result): Result | undefined {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

const isMounted = (path: string) => ifThere(() => statfsSync(path).type) === NSFS_MAGIC;

/** Removes the empty file of a name whose making was cut short. */
function clearStale(path: string): void {
  const age = ifThere(() => Date.now() - statSync(path).mtimeMs);
  if (age === undefined) return;
  if (isMounted(path) || age < STALE) throw new SystemError(EEXIST, 'openat', [path]);
  unlinkSync(path);
}

/** Gives an existing namespace a name: `ip netns attach NAME PID`. */
export function attach(name: string, namespace: Namespace): void {
  const path = pathOfName(namespaceName(name, 'name'));
  if (!Namespace.isNamespace(namespace) || namespace.type !== 'net') {
    parse.refuse('namespace', 'a handle of a net namespace', namespace);
  }
  withDirectory(() => {
    clearStale(path);
    namespace.pin(path);
  });
}

/** Options of {@link create}. */
export interface CreateNamedOptions {
  /** Bring the loopback interface up. Default: true. */
  loopback?: boolean | undefined;
}

const parseCreate = parse.options({
  loopback: parse.withDefault(parse.boolean, true),
} satisfies Members<CreateNamedOptions>);

/**
 * Makes a namespace with a name, which lives until the name is deleted: `ip netns add NAME`, and
 * the loopback interface up.
 *
 * Needs CAP_SYS_ADMIN.
 *
 * @returns a handle, which is the caller's to close; the name stays
 * @throws {SystemError} EEXIST if there is such a name, EPERM without the capability
 * @throws {TypeError} if the name is none of a file
 * @see ip-netns(8)
 */
export function create(name: string, options: CreateNamedOptions = {}): Namespace {
  namespaceName(name, 'name');
  const namespace = createNamespace(isolatedNet(parseCreate(options).loopback));
  try {
    attach(name, namespace);
    return namespace;
  } catch (error) {
    namespace.close();
    throw error;
  }
}

/**
 * Removes a name: `ip netns delete NAME`. The namespace lives on as long as a process is in it or a
 * handle or socket of it is open.
 *
 * @throws {SystemError} ENOENT without this name
 */
export function removeName(name: string): void {
  const path = pathOfName(namespaceName(name, 'name'));
  withDirectory(() => {
    if (isMounted(path)) Namespace.unpin(path);
    else unlinkSync(path);
  });
}

/**
 * Opens a named namespace.
 *
 * @throws {SystemError} ENOENT without this name
 */
export function open(name: string): Namespace {
  return Namespace.fromPath(pathOfName(namespaceName(name, 'name')), 'net');
}

function names(): string[] {
  return (ifThere(() => readdirSync(DIRECTORY)) ?? [])
    .filter((name) => isMounted(`${DIRECTORY}/${name}`))
    .sort();
}

/** All names, with the ids that the calling thread's namespace has for them: `ip -j netns list`. */
export function list(): NamedNamespace[] {
  const all = names();
  if (all.length === 0) return [];
  const rtnetlink = Rtnetlink.open();
  try {
    return all.map((name) => {
      const id = rtnetlink.namespaceIds.get(name);
      return id === undefined ? { name } : { name, id };
    });
  } finally {
    rtnetlink.close();
  }
}

const idAt = (path: string) => ifThere(() => statSync(path, { bigint: true }));

/**
 * Names of the namespace that a process is in: `ip netns identify PID`. Empty if it has none.
 *
 * @param pid default: the calling thread's
 * @throws {SystemError} ENOENT without such a process
 */
export function identify(pid?: number | undefined): string[] {
  const namespace =
    pid === undefined ? Namespace.current('net') : Namespace.of(parse.pid(pid, 'pid'), 'net');
  try {
    const { dev, ino } = namespace.id;
    return names().filter((name) => {
      const file = idAt(`${DIRECTORY}/${name}`);
      return file?.ino === ino && file.dev === dev;
    });
  } finally {
    namespace.close();
  }
}

/** The names of all named namespaces by the namespaces' inodes. */
export function namesByInode(): ReadonlyMap<number, readonly string[]> {
  const all = new Map<number, string[]>();
  for (const name of names()) {
    const inode = Number(idAt(`${DIRECTORY}/${name}`)?.ino ?? 0);
    all.set(inode, [...(all.get(inode) ?? []), name]);
  }
  return all;
}

/** Pids of all processes in a named namespace that the caller may look at: `ip netns pids NAME`. */
export function listPids(name: string): number[] {
  const namespace = open(name);
  try {
    const wanted = `net:[${namespace.id.ino}]`;
    return readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry) && netOf(entry) === wanted)
      .map(Number);
  } finally {
    namespace.close();
  }
}

/** The namespace of a process; undefined if it has ended or is not for the caller to see. */
function netOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(code)) return undefined;
    throw error;
  }
}
