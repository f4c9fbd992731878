// Options of spawn, run and runSync: types, defaults and checks. Nothing here calls the kernel.
import { constants as osConstants } from 'node:os';
import type { Stream } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Namespace } from '../namespaces/namespace.js';
import { isNamespaceType } from '../namespaces/types.js';
import { assertFd } from '../sys/fd.js';
import { checkAttributes, type ProcessAttributes } from './attributes.js';
import type { Serialization } from './ipc-channel.js';
import type { NamespaceProcess } from './process.js';
import type { NamespaceSpec, Preparation } from './spec.js';
import { stdioList } from './stdio.js';
import { checkTerminal, type TerminalSize } from './terminal.js';

/** What one descriptor of the child is connected to; as in child_process. */
export type StdioItem =
  | 'pipe'
  | 'overlapped'
  | 'ignore'
  | 'inherit'
  | 'ipc'
  | Stream
  | number
  | null
  | undefined;

/** All descriptors of the child: one word for 0, 1 and 2, or a list. */
export type StdioOptions = 'pipe' | 'overlapped' | 'ignore' | 'inherit' | readonly StdioItem[];

/** Options of {@link spawn}. Names and meanings are child_process's where it has them. */
export interface SpawnOptions extends ProcessAttributes {
  /**
   * Namespaces of the child: a specification creates one, a handle joins one. The rest stay as
   * the parent's. One of each type; but a user namespace can be made inside of one that is joined.
   */
  namespaces?: readonly (NamespaceSpec | Namespace)[];
  /** Working directory, in the child's mounts. Default, also for an empty text: the parent's. */
  cwd?: string | URL;
  /** Environment. Default: `process.env`. Undefined values are left out, inherited ones are not. */
  env?: Readonly<Record<string, string | undefined>>;
  /** What the command sees as its own name. Default: the command. */
  argv0?: string;
  /** Descriptors of the child. Default: `'pipe'`. */
  stdio?: StdioOptions;
  /** How messages on the channel are encoded, if `stdio` has an `'ipc'`. Default: `'json'`. */
  serialization?: Serialization;
  /** Further descriptors of this process that the child gets under the same numbers. */
  passFds?: readonly number[];
  /** User id to run as, in the child's user namespace. */
  uid?: number;
  /** Group id to run as, in the child's user namespace. Supplementary groups are dropped. */
  gid?: number;
  /** Run in a session of its own, as its leader. Default: false. */
  detached?: boolean;
  /** The same as `detached`, in the words of setsid(2). */
  sessionLeader?: boolean;
  /**
   * Connects descriptors 0, 1 and 2 to a new pseudo-terminal, which is the command's controlling
   * terminal; see {@link NamespaceProcess.terminal}. Nothing leads from it to a terminal of ours.
   */
  terminal?: boolean | TerminalSize;
  /** Start the child in this cgroup, from its first moment on: a directory of cgroup v2, or one opened. */
  cgroup?: string | number;
  /** Ends the child with `killSignal` when aborted. */
  signal?: AbortSignal;
  /** Milliseconds after which the child is ended with `killSignal`. Default: never. */
  timeout?: number;
  /** The signal of `signal`, `timeout` and `maxBuffer`. Default: `'SIGTERM'`. */
  killSignal?: NodeJS.Signals | number;
  /**
   * SIGKILL the child when this process ends, however that happens. Default: false.
   * For runSync in a Worker: when the Worker ends.
   */
  killWithParent?: boolean;
  /** The same with another signal. */
  parentDeathSignal?: NodeJS.Signals | number;
  /**
   * Have our init as the command's parent, as `pid()` has it as PID 1: it reaps what the command's
   * descendants leave behind and passes signals on. Without a new pid namespace, processes that are
   * left when the command ends go on. Default: false.
   */
  init?: boolean;
  /**
   * Adds calls to the child after those of the specifications: what a specification does for a new
   * namespace, for one that is joined.
   */
  prepare?: (child: Preparation) => void;
}

/** Options of {@link run}. */
export interface RunOptions extends SpawnOptions {
  /**
   * What the command reads on its standard input. A stream or an iterable only for the
   * asynchronous {@link run}.
   */
  input?: string | Uint8Array | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;
  /** How output is decoded; `'buffer'` for bytes. Default: `'utf8'`. */
  encoding?: BufferEncoding | 'buffer';
  /** Most bytes of stdout and of stderr each; the child is ended beyond. Default: 1 MiB. */
  maxBuffer?: number;
  /** Whether a failing command makes an error. Default: true. */
  reject?: boolean;
  /** Called with the process as soon as it runs the command. */
  onSpawn?: (child: NamespaceProcess) => void;
}

/** A command to exec, after the checks. */
export interface Command {
  readonly file: string;
  readonly argv: readonly string[];
  readonly environment: readonly string[];
  /** Where the command is looked up, if it has no slash. */
  readonly searchPath: string;
}

/** What a child is made of, after the checks and with defaults filled in. */
export interface ChildOptions {
  readonly specs: readonly NamespaceSpec[];
  readonly handles: readonly Namespace[];
  /** What the child becomes in the end; without it, it exits after its program. */
  readonly command?: Command;
  /** Instead, it stays until it is killed. */
  readonly hold?: boolean;
  readonly directory?: string | undefined;
  readonly stdio: readonly StdioItem[];
  readonly passFds: readonly number[];
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly detached: boolean;
  /** Sent when the parent ends; 0 for none. */
  readonly parentDeathSignal: number;
  readonly attributes: ProcessAttributes;
  readonly terminal?: TerminalSize | undefined;
  readonly cgroup?: string | number | undefined;
  readonly init?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly prepare?: SpawnOptions['prepare'];
}

/** Options of spawn after the checks. */
export interface CheckedSpawn extends ChildOptions {
  readonly command: Command;
  readonly serialization: Serialization;
  readonly timeout: number;
  readonly killSignal: number;
}

/** Options of run after the checks. */
export interface CheckedRun extends CheckedSpawn {
  readonly input: RunOptions['input'];
  readonly encoding: BufferEncoding | 'buffer';
  readonly maxBuffer: number;
  readonly reject: boolean;
  readonly onSpawn: RunOptions['onSpawn'];
}

const DEFAULT_PATH = '/usr/bin:/bin';
const SIGKILL = 9;
const DEFAULT_MAX_BUFFER = 1024 * 1024;

function fail(name: string, expected: string, value: unknown): never {
  throw new TypeError(`${name} must be ${expected}: ${String(value)}`);
}

function checkText(name: string, value: unknown): void {
  if (typeof value !== 'string') fail(name, 'a string', value);
  if (value.includes('\0')) throw new TypeError(`${name} must not contain a NUL character`);
}

function checkId(name: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== 'number') fail(name, 'a number', value);
  if (!Number.isInteger(value) || value < 0 || value >= 0xffff_ffff) {
    throw new RangeError(`${name} must be an id from 0 to 4294967294: ${value}`);
  }
}

function checkCount(name: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== 'number') fail(name, 'a number', value);
  if (Number.isNaN(value) || value < 0)
    throw new RangeError(`${name} must not be negative: ${value}`);
}

function checkBoolean(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') fail(name, 'a boolean', value);
}

/** Number of a signal given by name, in upper or lower case, or number. */
export function signalNumber(signal: NodeJS.Signals | number, name = 'signal'): number {
  const number =
    typeof signal === 'string'
      ? osConstants.signals[signal.toUpperCase() as NodeJS.Signals]
      : signal;
  if (number === undefined) throw new TypeError(`${name}: unknown signal: ${signal}`);
  if (!Number.isInteger(number) || number < 0 || number > 64) {
    throw new RangeError(`${name} must be a signal number from 0 to 64: ${signal}`);
  }
  return number;
}

function checkFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') fail(name, 'a function', value);
}

function checkCgroup(cgroup: unknown): void {
  if (cgroup === undefined) return;
  if (typeof cgroup === 'number') assertFd(cgroup, 'cgroup');
  else checkText('cgroup', cgroup);
}

function isSpec(value: unknown): value is NamespaceSpec {
  return (
    typeof value === 'object' && value !== null && isNamespaceType((value as NamespaceSpec).type)
  );
}

function checkNamespaces(namespaces: unknown): Pick<ChildOptions, 'specs' | 'handles'> {
  const specs: NamespaceSpec[] = [];
  const handles: Namespace[] = [];
  if (namespaces === undefined) return { specs, handles };
  if (!Array.isArray(namespaces)) fail('namespaces', 'an array', namespaces);
  const seen = new Set<string>();
  for (const item of namespaces as unknown[]) {
    if (Namespace.isNamespace(item)) handles.push(item);
    else if (isSpec(item)) specs.push(item);
    else fail('namespaces', 'an array of specifications and handles; it contains', item);
    const { type } = item as NamespaceSpec;
    // A user namespace can be made inside of one that is joined.
    const slot = type === 'user' && Namespace.isNamespace(item) ? 'user to join' : type;
    if (seen.has(slot)) throw new TypeError(`namespaces: two of type ${type}`);
    seen.add(slot);
  }
  return { specs, handles };
}

function environmentOf(env: SpawnOptions['env']): readonly string[] {
  const variables = env ?? process.env;
  // Each look at process.env goes to the C library: ask once for the names, and once for each value.
  const names: string[] = [];
  // As in child_process, what a given environment inherits is part of it.
  if (env) for (const name in env) names.push(name);
  else names.push(...(Reflect.ownKeys(variables) as string[]));
  const list: string[] = [];
  for (const name of names) {
    const value = variables[name];
    if (value !== undefined) list.push(`${name}=${value}`);
  }
  // All at once, because there are many.
  if (list.join('').includes('\0')) {
    for (const text of list) checkText(`env.${text.slice(0, text.indexOf('='))}`, text);
  }
  return list;
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

function commandOf(
  file: string,
  args: readonly string[],
  options: SpawnOptions,
  variables: readonly string[],
): Command {
  checkText('command', file);
  if (file.length === 0) throw new TypeError('command must not be empty');
  if (!Array.isArray(args)) fail('args', 'an array of strings', args);
  args.forEach((value, i) => {
    checkText(`args[${i}]`, value);
  });
  if (options.argv0 !== undefined) checkText('argv0', options.argv0);
  return {
    file,
    argv: [options.argv0 ?? file, ...args],
    environment: [...environmentOf(options.env), ...variables],
    // Each look at process.env counts in the time that a small command takes.
    searchPath: file.includes('/') ? '' : ((options.env ?? process.env).PATH ?? DEFAULT_PATH),
  };
}

/** Checks the options of spawn, as far as that can be done without the kernel. */
export function checkSpawn(
  file: string,
  args: readonly string[],
  options: SpawnOptions,
): CheckedSpawn {
  const { cwd, uid, gid, signal } = options;
  const { timeout = 0, killWithParent = false, parentDeathSignal = 0, init = false } = options;
  const { terminal = false, cgroup, passFds = [] } = options;
  const { serialization = 'json' } = options;
  if (serialization !== 'json' && serialization !== 'advanced') {
    fail('serialization', "'json' or 'advanced'", serialization);
  }
  checkId('uid', uid);
  checkId('gid', gid);
  checkCount('timeout', timeout);
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
  checkFunction('prepare', options.prepare);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    fail('signal', 'an AbortSignal', signal);
  }
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
    stdio,
    passFds,
    detached,
    parentDeathSignal: killWithParent
      ? SIGKILL
      : signalNumber(parentDeathSignal, 'parentDeathSignal'),
    attributes: options,
    init,
    timeout,
    killSignal: signalNumber(options.killSignal ?? 'SIGTERM', 'killSignal'),
    directory: cwd === undefined || cwd === null || cwd === '' ? undefined : directoryOf(cwd),
    uid,
    gid,
    signal,
    cgroup,
    prepare: options.prepare,
    terminal: terminal === true ? {} : terminal || undefined,
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
export function checkRun(file: string, args: readonly string[], options: RunOptions): CheckedRun {
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
    ...checkSpawn(file, args, { ...options, stdio }),
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
    attributes: {},
  };
}
