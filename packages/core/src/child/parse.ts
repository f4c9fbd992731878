// Checks the options of spawn, run and runSync, and fills in defaults. Nothing here calls the kernel.
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
import { assertFd } from '../sys/fd.js';
import { signalNumber } from '../sys/signals.js';
import { checkAttributes } from './process-attributes.js';
import type { CheckedRun, CheckedSpawn, ChildOptions } from './child.js';
import { commandOf } from './resolve-command.js';
import type { Serialization } from '../process/ipc-channel.js';
import {
  type RunOptions,
  runOptions,
  type SpawnOptions,
  type StdioItem,
  spawnOptions,
} from './options.js';
import { assertSpec, type NamespaceSpec } from './spec.js';
import { stdioList } from './stdio.js';
import { checkTerminal } from '../process/terminal.js';

const SIGKILL = 9;
const DEFAULT_MAX_BUFFER = 1024 * 1024;
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

function checkValues(file: string, args: readonly string[], options: SpawnOptions): CheckedSpawn {
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

function isIterable(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    (ArrayBuffer.isView(value) || Symbol.iterator in value || Symbol.asyncIterator in value)
  );
}

/** Checks the options of run and runSync. */
export function checkRun(file: string, args: readonly string[], given: RunOptions): CheckedRun {
  assertKeys(given, runOptions, 'options');
  const options = ownOptions(given);
  const { input, encoding = 'utf8', maxBuffer = DEFAULT_MAX_BUFFER, reject = true } = options;
  if (input !== undefined && typeof input !== 'string' && !isIterable(input)) {
    fail('input', 'a string, bytes, a stream or an iterable', input);
  }
  if (encoding !== 'buffer' && !Buffer.isEncoding(encoding)) {
    fail('encoding', "an encoding or 'buffer'", encoding);
  }
  checkCount('maxBuffer', maxBuffer);
  checkBoolean('reject', reject);
  checkFunction('onSpawn', options.onSpawn);
  if (options.terminal) throw new TypeError('terminal: use spawn; a terminal mixes the outputs');
  const stdio = options.stdio ?? [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'];
  if (stdio.includes('ipc')) throw new TypeError("stdio: use fork or spawn for an 'ipc'");
  return {
    ...checkValues(file, args, ownOptions({ ...options, stdio })),
    input,
    encoding,
    maxBuffer,
    reject,
    onSpawn: options.onSpawn,
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
