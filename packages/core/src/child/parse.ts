// Checks the options of spawn, and fills in defaults. Nothing here calls the kernel.
import { fileURLToPath } from 'node:url';
import {
  assertKeys,
  checkBoolean,
  checkCount,
  checkFunction,
  checkId,
  checkSignal,
  checkText,
  checkWait,
  fail,
  ownOptions,
} from '../contract/arguments.js';
import { Namespace } from '../namespaces/namespace.js';
import { assertSpec, type NamespaceSpec } from '../program/spec.js';
import { assertFd } from '../sys/fd.js';
import { signalNumber } from '../sys/signals.js';
import type { CheckedSpawn, ChildOptions } from './child.js';
import { type Serialization, type SpawnOptions, type StdioItem, spawnOptions } from './options.js';
import { checkAttributes } from './process-attributes.js';
import { commandOf } from './resolve-command.js';
import { stdioList } from './stdio.js';
import { checkTerminal } from './terminal.js';

const SIGKILL = 9;
const DEFAULT_MAX_MESSAGE = 64 * 1024 * 1024;

function checkCgroup(cgroup: unknown): void {
  if (cgroup === undefined) return;
  if (typeof cgroup === 'number') assertFd(cgroup, 'cgroup');
  else checkText('cgroup', cgroup);
}

function checkNamespaces(namespaces: unknown): Pick<ChildOptions, 'specs' | 'handles'> {
  const specs: NamespaceSpec[] = [];
  const handles: Namespace[] = [];
  if (namespaces === undefined) return { specs, handles };
  if (!Array.isArray(namespaces)) fail('namespaces', 'an array', namespaces);
  const seen = new Set<string>();
  for (const [i, item] of (namespaces as unknown[]).entries()) {
    if (Namespace.isNamespace(item)) handles.push(item);
    else {
      assertSpec(item, `namespaces[${i}]`, 'a specification or a handle');
      specs.push(ownOptions(item));
    }
    const { type } = item;
    // A user namespace can be made inside of one that is joined.
    const slot = type === 'user' && Namespace.isNamespace(item) ? 'user to join' : type;
    if (seen.has(slot)) throw new TypeError(`namespaces: two of type ${type}`);
    seen.add(slot);
  }
  return { specs, handles };
}

function directoryOf(cwd: unknown): string {
  const directory = cwd instanceof URL ? fileURLToPath(cwd) : cwd;
  checkText('cwd', directory);
  return directory as string;
}

/** What tells a Node child of its channel. */
function channelVariables(
  stdio: readonly StdioItem[],
  serialization: Serialization,
): readonly string[] {
  const fd = stdio.indexOf('ipc');
  if (fd === -1) return [];
  if (stdio.lastIndexOf('ipc') !== fd) throw new TypeError("stdio: only one 'ipc' is possible");
  return [`NODE_CHANNEL_FD=${fd}`, `NODE_CHANNEL_SERIALIZATION_MODE=${serialization}`];
}

/** Checks the options of spawn, as far as that can be done without the kernel. */
export function checkSpawn(
  file: string,
  args: readonly string[],
  options: SpawnOptions,
): CheckedSpawn {
  assertKeys(options, spawnOptions, 'options');
  return checkValues(file, args, ownOptions(options));
}

/** As {@link checkSpawn}, of options whose names are known and which inherit nothing. */
export function checkValues(
  file: string,
  args: readonly string[],
  options: SpawnOptions,
): CheckedSpawn {
  const { cwd, uid, gid, signal } = options;
  const {
    timeout = 0,
    killWithParent = false,
    parentDeathSignal = 0,
    init = false,
    trustMounts = false,
  } = options;
  const { terminal = false, cgroup, passFds = [] } = options;
  const { serialization = 'json', maxMessage = DEFAULT_MAX_MESSAGE } = options;
  if (serialization !== 'json' && serialization !== 'advanced') {
    fail('serialization', "'json' or 'advanced'", serialization);
  }
  checkCount('maxMessage', maxMessage);
  checkId('uid', uid);
  checkId('gid', gid);
  checkWait('timeout', timeout);
  checkBoolean('detached', options.detached);
  checkBoolean('sessionLeader', options.sessionLeader);
  checkBoolean('killWithParent', killWithParent);
  checkAttributes(options);
  checkTerminal(terminal);
  checkCgroup(cgroup);
  const detached = options.detached || options.sessionLeader || false;
  if (options.processGroup !== undefined && (detached || terminal)) {
    throw new TypeError('processGroup: the leader of a session is in a group of its own');
  }
  if (terminal && options.stdio !== undefined) {
    throw new TypeError('stdio: the terminal takes its place');
  }
  checkBoolean('init', init);
  checkBoolean('trustMounts', trustMounts);
  checkFunction('prepare', options.prepare);
  checkSignal(signal);
  if (!Array.isArray(passFds)) fail('passFds', 'an array', passFds);
  const stdio = terminal ? stdioList('ignore') : stdioList(options.stdio);
  passFds.forEach((fd, i) => {
    assertFd(fd, `passFds[${i}]`);
    if (fd < stdio.length) throw new RangeError(`passFds[${i}]: ${fd} is a stdio descriptor`);
  });
  return {
    ...checkNamespaces(options.namespaces),
    command: commandOf(file, args, options, channelVariables(stdio, serialization)),
    serialization,
    maxMessage,
    stdio,
    passFds,
    detached,
    parentDeathSignal: killWithParent
      ? SIGKILL
      : signalNumber(parentDeathSignal, 'parentDeathSignal'),
    attributes: options,
    init,
    trustMounts,
    timeout,
    killSignal: signalNumber(options.killSignal ?? 'SIGTERM', 'killSignal'),
    directory: cwd === undefined || cwd === null || cwd === '' ? undefined : directoryOf(cwd),
    uid,
    gid,
    signal,
    cgroup,
    prepare: options.prepare,
    terminal: terminal ? ownOptions(terminal === true ? {} : terminal) : undefined,
  };
}

/** Options of a child that runs only a program, after the checks. */
export function checkProgramChild(
  namespaces: readonly (NamespaceSpec | Namespace)[] | undefined,
): ChildOptions {
  return {
    ...checkNamespaces(namespaces),
    stdio: [],
    passFds: [],
    detached: false,
    parentDeathSignal: 0,
    attributes: ownOptions({}),
  };
}
