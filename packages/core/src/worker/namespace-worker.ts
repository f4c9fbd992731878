// A Worker whose thread lives in other namespaces.

import { closeSync, openSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { type Members, options, withDefault } from '../contract/options.js';
import { type Parser, refuse } from '../contract/parser.js';
import { withoutPrototype } from '../contract/values.js';
import { isNamespace, type Namespace } from '../namespaces/namespace.js';
import { assertOwners } from '../namespaces/owners.js';
import { workerEntry } from '../prebuilt.js';
import { allNamespaceTypes, isNamespaceType, type NamespaceType } from '../sys/namespace-types.js';
import { ensurePoolThreads } from '../sys/pool.js';
import { reviveSystemError } from '../sys/system-error.js';
import type { Code, Orders } from './orders.js';

/** Options of {@link NamespaceWorker}: those of a Worker, and where it lives. */
export interface NamespaceWorkerOptions extends WorkerOptions {
  /**
   * Namespaces of the thread: a handle joins one, the name of a type makes a new one. Types: uts,
   * ipc, net, cgroup and mount. The rest stay as the caller's.
   */
  namespaces?: readonly (Namespace | NamespaceType)[] | undefined;
}

const impossible: Partial<Record<NamespaceType, string>> = {
  user: 'the kernel moves no thread of a process that has several (as Node always has) to another user namespace; use spawn, fork or clone',
  pid: 'a thread never changes its pid namespace, only its children would, and it could make no threads any more; use spawn, fork or clone',
  time: 'the kernel moves no thread of a process that has several (as Node always has) to another time namespace; use spawn, fork or clone',
};

type WorkerNamespaces = readonly (Namespace | NamespaceType)[];

const parseNamespaces: Parser<WorkerNamespaces> = (value, name) => {
  if (!Array.isArray(value)) return refuse(name, 'an array', value);
  const seen = new Set<NamespaceType>();
  for (const [i, item] of (value as unknown[]).entries()) {
    if (!isNamespace(item) && !isNamespaceType(item)) {
      const expected = 'a handle or a type (createNamespace makes a handle of a specification)';
      return refuse(`${name}[${i}]`, expected, item);
    }
    const type = typeof item === 'string' ? item : item.type;
    const reason = impossible[type];
    if (reason) {
      throw new TypeError(`${name}: a Worker cannot be in a ${type} namespace: ${reason}`);
    }
    if (seen.has(type)) {
      throw new TypeError(`${name} must have one namespace of each type, got two of type ${type}`);
    }
    seen.add(type);
  }
  return value as WorkerNamespaces;
};

/** An option of Node's own Worker, which checks it. */
const ofWorker: Parser<unknown> = (value) => value;

const parseWorker = options({
  namespaces: withDefault(parseNamespaces, []),
  eval: ofWorker as Parser<boolean>,
  workerData: ofWorker,
  argv: ofWorker,
  env: ofWorker,
  execArgv: ofWorker,
  name: ofWorker,
  resourceLimits: ofWorker,
  stdin: ofWorker,
  stdout: ofWorker,
  stderr: ofWorker,
  trackUnmanagedFds: ofWorker,
  transferList: ofWorker,
} satisfies Members<NamespaceWorkerOptions>);

function parseCode(filename: unknown, source: boolean | undefined): Code {
  if (source) {
    if (typeof filename === 'string') return { kind: 'source', source: filename };
    return refuse('filename', 'a string of source text, with the option eval', filename);
  }
  if (filename instanceof URL) {
    if (filename.protocol === 'data:') return { kind: 'data', url: filename.href };
    return { kind: 'file', path: fileURLToPath(filename) };
  }
  if (typeof filename === 'string' && (isAbsolute(filename) || /^\.\.?\//.test(filename))) {
    return { kind: 'file', path: resolve(filename) };
  }
  return refuse(
    'filename',
    'an absolute path, one that begins with ./ or ../, or a URL of file: or data:',
    filename,
  );
}

/**
 * The Worker has Node's options of this process, except where one says what the text of `node -e` is:
 * Node would refuse the file that the thread begins with.
 */
function withoutInputType(): Pick<WorkerOptions, 'execArgv'> {
  return process.execArgv.some((one) => one.startsWith('--input-type')) ? { execArgv: [] } : {};
}

/**
 * A Worker whose thread is in other uts, ipc, net, cgroup or mount namespaces for its whole life: it
 * enters them before it loads anything of `filename`, which then finds `workerData`, `parentPort`
 * and all else as in any Worker. What the thread calls at once (`*Sync`, sockets, `os.hostname()`,
 * child processes) happens in there; what runs on libuv's pool (`fs.promises`, `dns.lookup`)
 * happens outside, where the process is. Of its relations, Workers that it makes are in there too.
 *
 * A new mount namespace is private, as unshare(1) makes it, and starts at the caller's root; a
 * joined one starts at its own root, which is then the working directory as well.
 *
 * Needs CAP_SYS_ADMIN in the caller's user namespace and in the one that owns what is joined; for
 * joining mount also CAP_SYS_CHROOT. Handles may be closed as soon as the Worker has been made.
 * If the thread cannot enter, the Worker ends with an `error` event, and nothing of `filename` has
 * run.
 *
 * The files of a joined mount namespace are the code of the thread, so that it must belong to the
 * caller's user namespace: the owner of another one decides what is in them.
 *
 * @throws {TypeError} for wrong arguments, and for user, pid and time: no thread can be there
 * @throws {Error} for a mount namespace of another user namespace
 * Its `error` event brings a SystemError: EPERM without the privilege, ENOSPC at a limit on namespaces
 * @see unshare(2), setns(2)
 * @example const worker = new NamespaceWorker('./server.js', { namespaces: [net] });
 */
export class NamespaceWorker extends Worker {
  readonly #held: number[];

  constructor(filename: string | URL, workerOptions: NamespaceWorkerOptions = {}) {
    // An ignored option would leave the thread in the caller's namespaces (SECURITY.md S9).
    const { namespaces: wanted, eval: source, workerData, ...others } = parseWorker(workerOptions);
    const code = parseCode(filename, source);
    assertOwners(wanted.filter(isNamespace).filter(({ type }) => type === 'mount'));
    const given = Object.fromEntries(
      Object.entries(others).filter(([, value]) => value !== undefined),
    );
    // Were the new thread the first to use the pool, all its threads would be born in there.
    ensurePoolThreads();
    const held: number[] = [];
    const joins: { type: NamespaceType; fd: number }[] = [];
    const creates: NamespaceType[] = [];
    try {
      for (const type of allNamespaceTypes) {
        const item = wanted.find((one) => one === type || (isNamespace(one) && one.type === type));
        if (item === undefined) continue;
        if (typeof item === 'string') {
          creates.push(item);
          continue;
        }
        // Opened with node:fs, which closes it if this is itself a Worker and is terminated.
        const fd = openSync(`/proc/self/fd/${item.fd}`, 'r');
        held.push(fd);
        joins.push({ type, fd });
      }
      const orders: Orders = { joins, creates, code, workerData };
      super(workerEntry, withoutPrototype({ ...withoutInputType(), ...given, workerData: orders }));
    } catch (error) {
      for (const fd of held) closeSync(fd);
      throw error;
    }
    this.#held = held;
  }

  /** @internal */
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    // Between threads an error loses its class.
    if (event === 'error') args[0] = reviveSystemError(args[0]);
    // Only now is it certain that the thread does not need them any more.
    if (event === 'exit') for (const fd of this.#held.splice(0)) closeSync(fd);
    return super.emit(event as 'error', args[0] as Error, ...(args.slice(1) as []));
  }
}
