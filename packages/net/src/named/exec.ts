// Commands in a named namespace, as `ip netns exec` runs them: with the files of /etc/netns/NAME in
// the place of those in /etc, and a /sys that shows the namespace's own interfaces.
import { readdirSync } from 'node:fs';
import type {
  Namespace,
  NamespaceProcess,
  NamespaceSpec,
  RunResult,
  RunSyncOptions,
  SpawnOptions,
} from '@ns/core';
import {
  MNT,
  MS,
  parse,
  parseRunSync,
  parseSpawn,
  runChildSync,
  startChild,
  throwIfAborted,
} from '@ns/core/authors';
import { syscall } from '@ns/core/sys';
import { open } from './named.js';
import { namespaceName } from './names.js';

const ST_RDONLY = 1;
/** Offset of f_flags in struct statfs. */
const F_FLAGS = 80;

function filesFor(name: string): string[] {
  try {
    return readdirSync(`/etc/netns/${name}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Returns MS_RDONLY if /sys is read-only, as in many containers: the new one is not to be more. */
function sysFlags(): number {
  const info = new DataView(new ArrayBuffer(120));
  syscall('statfs', '/sys', info);
  return info.getInt32(F_FLAGS, true) & ST_RDONLY ? MS.RDONLY : 0;
}

/** The command's own mounts. */
function mounts(name: string): NamespaceSpec {
  const files = filesFor(name);
  return {
    type: 'mount',
    prepare(child) {
      child.program('propagation').call('mount', '', '/', 'none', MS.SLAVE | MS.REC, null);
      const program = child.program('mounts');
      program.call('umount2', '/sys', MNT.DETACH, { tolerate: ['EINVAL'] });
      program.call('mount', name, '/sys', 'sysfs', sysFlags(), null);
      for (const file of files) {
        const source = `/etc/netns/${name}/${file}`;
        // As ip(8): what has no counterpart in /etc is passed over.
        program.call('mount', source, `/etc/${file}`, 'none', MS.BIND | MS.REC, null, {
          tolerate: ['ENOENT'],
        });
      }
    },
  };
}

type Options<O> = Omit<O, 'namespaces'>;

/** The namespaces are those of the name, and not an option: to ignore it would run a command elsewhere. */
function assertOwnNamespaces(options: object): void {
  if (!Object.hasOwn(parse.ownMembers(options, 'options'), 'namespaces')) return;
  throw new TypeError('options.namespaces is not known: the command joins the named namespace');
}

/** Opens the namespace of a name for a call that takes what its child joins and makes. */
function joining<Result>(
  name: string,
  use: (namespaces: { handles: Namespace[]; specs: NamespaceSpec[] }) => Result,
): { handle: Namespace; result: Result } {
  const handle = open(name);
  try {
    return { handle, result: use({ handles: [handle], specs: [mounts(name)] }) };
  } catch (error) {
    handle.close();
    throw error;
  }
}

/**
 * Starts a command in a named namespace: `ip netns exec NAME COMMAND`. It has a mount namespace of
 * its own, in which the files of /etc/netns/NAME cover those of /etc (`resolv.conf`, `hosts`) and
 * /sys shows the namespace.
 *
 * Needs CAP_SYS_ADMIN.
 *
 * @throws {TypeError | RangeError} for a wrong argument, before the name is opened
 * @throws {SystemError} ENOENT without this name or command
 * @throws {Error} an AbortError if `signal` fires before the command runs
 * @see ip-netns(8)
 */
export async function exec(
  name: string,
  command: string,
  args: readonly string[] = [],
  options: Options<SpawnOptions> = {},
): Promise<NamespaceProcess> {
  namespaceName(name, 'name');
  assertOwnNamespaces(options);
  const child = parseSpawn(command, args, options);
  throwIfAborted(child.signal);
  const { handle, result } = joining(name, (namespaces) => startChild({ ...child, ...namespaces }));
  try {
    return await result;
  } finally {
    handle.close();
  }
}

/** The same to its end, blocking the thread. */
export function execSync(
  name: string,
  command: string,
  args: readonly string[] = [],
  options: Options<RunSyncOptions> & { encoding?: BufferEncoding } = {},
): RunResult {
  namespaceName(name, 'name');
  assertOwnNamespaces(options);
  const child = parseRunSync(command, args, options);
  const { handle, result } = joining(name, (namespaces) =>
    runChildSync({ ...child, ...namespaces }),
  );
  handle.close();
  return result as RunResult;
}
