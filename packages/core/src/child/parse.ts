// Parses the options of spawn. Nothing here makes a system call.
import { fileURLToPath } from 'node:url';
import { type Members, type Parsed, withDefault } from '../contract/options.js';
import * as parse from '../contract/parse.js';
import type { Parser } from '../contract/parser.js';
import { Namespace } from '../namespaces/namespace.js';
import { type NamespaceSpec, parseSpec } from '../program/spec.js';
import type { Child, CommandChild } from './child.js';
import type { Serialization, SpawnOptions, StdioItem } from './options.js';
import { attributeMembers } from './process-attributes.js';
import { parseCommand, parseEnvironment } from './resolve-command.js';
import { defaultStdio, parseStdio } from './stdio.js';
import { parseTerminal } from './terminal.js';

const SIGTERM = 15;
const SIGKILL = 9;
const DEFAULT_MAX_MESSAGE = 64 * 1024 * 1024;

type Namespaces = Pick<Child, 'specs' | 'handles'>;

const noNamespaces: Namespaces = { specs: [], handles: [] };

const parseNamespaces: Parser<Namespaces> = (value, name) => {
  if (!Array.isArray(value)) parse.refuse(name, 'an array', value);
  const specs: NamespaceSpec[] = [];
  const handles: Namespace[] = [];
  const seen = new Set<string>();
  for (const [i, item] of (value as unknown[]).entries()) {
    const isHandle = Namespace.isNamespace(item);
    if (isHandle) handles.push(item);
    else specs.push(parseSpec(item, `${name}[${i}]`, 'a specification or a handle'));
    const { type } = item as NamespaceSpec | Namespace;
    // A user namespace can be made inside of one that is joined.
    const slot = type === 'user' && isHandle ? 'user to join' : type;
    if (seen.has(slot)) {
      throw new TypeError(`${name} must have one namespace of each type, got two of type ${type}`);
    }
    seen.add(slot);
  }
  return { specs, handles };
};

/** The working directory; undefined for the parent's. */
const parseDirectory: Parser<string | undefined> = (value, name) => {
  if (value === null || value === '') return undefined;
  return parse.text(value instanceof URL ? fileURLToPath(value) : value, name);
};

const parseCgroup: Parser<string | number> = (value, name) =>
  typeof value === 'number' ? parse.descriptor(value, name) : parse.path(value, name);

/** Upper limit in bytes; it may be infinite. */
export const byteLimit: Parser<number> = (value, name) =>
  value === Number.POSITIVE_INFINITY ? Number.POSITIVE_INFINITY : parse.size(value, name);

/** The parsers of the options of spawn. */
export const spawnMembers = {
  ...attributeMembers,
  namespaces: withDefault(parseNamespaces, noNamespaces),
  cwd: parseDirectory,
  env: parseEnvironment,
  argv0: parse.text,
  stdio: parseStdio,
  serialization: withDefault(parse.oneOf('json', 'advanced'), 'json' as Serialization),
  maxMessage: withDefault(byteLimit, DEFAULT_MAX_MESSAGE),
  passFds: withDefault(parse.list(parse.descriptor), []),
  uid: parse.id,
  gid: parse.id,
  detached: withDefault(parse.boolean, false),
  sessionLeader: withDefault(parse.boolean, false),
  terminal: parseTerminal,
  cgroup: parseCgroup,
  signal: parse.abortSignal,
  timeout: withDefault(parse.timeout, 0),
  killSignal: withDefault(parse.signal, SIGTERM),
  killWithParent: withDefault(parse.boolean, false),
  parentDeathSignal: withDefault(parse.signal, 0),
  init: withDefault(parse.boolean, false),
  trustMounts: withDefault(parse.boolean, false),
  prepare: parse.callback<NonNullable<SpawnOptions['prepare']>>(),
} satisfies Members<SpawnOptions>;

/** The options of spawn, each parsed. */
export type ParsedSpawn = Parsed<typeof spawnMembers>;

const parseSpawnOptions = parse.options(spawnMembers);

/** The options of a spawn without any. */
export const noSpawnOptions: ParsedSpawn = parseSpawnOptions({});

/** Variables by which a Node child finds its channel. */
function channelVariables(
  stdio: readonly StdioItem[],
  serialization: Serialization,
): readonly string[] {
  const fd = stdio.indexOf('ipc');
  if (fd === -1) return [];
  if (stdio.lastIndexOf('ipc') !== fd) {
    throw new TypeError("options.stdio must have at most one 'ipc', got two");
  }
  return [`NODE_CHANNEL_FD=${fd}`, `NODE_CHANNEL_SERIALIZATION_MODE=${serialization}`];
}

function assertTogether(options: ParsedSpawn, stdio: readonly StdioItem[]): void {
  const { detached, sessionLeader, terminal, processGroup, passFds } = options;
  if (processGroup !== undefined && (detached || sessionLeader || terminal)) {
    throw new TypeError(
      'options.processGroup cannot be set for the leader of a session, which has a group of its own',
    );
  }
  if (terminal && options.stdio !== undefined) {
    throw new TypeError('options.stdio cannot be set with a terminal, which takes its place');
  }
  for (const [i, fd] of passFds.entries()) {
    if (fd < stdio.length) {
      throw new RangeError(
        `options.passFds[${i}] must be above the descriptors of stdio, got ${fd}`,
      );
    }
  }
}

/**
 * Returns the child of a command.
 *
 * @param preset what stdio is if the caller does not set it
 */
export function commandChild(
  command: unknown,
  args: unknown,
  options: ParsedSpawn,
  preset: readonly StdioItem[] = defaultStdio,
): CommandChild {
  const { namespaces, terminal, serialization, killWithParent, parentDeathSignal } = options;
  const stdio = terminal
    ? ['ignore' as const, 'ignore' as const, 'ignore' as const]
    : (options.stdio ?? preset);
  assertTogether(options, stdio);
  return {
    specs: namespaces.specs,
    handles: namespaces.handles,
    command: parseCommand(command, args, options, channelVariables(stdio, serialization)),
    hold: undefined,
    directory: options.cwd,
    stdio,
    passFds: options.passFds,
    uid: options.uid,
    gid: options.gid,
    detached: options.detached || options.sessionLeader,
    parentDeathSignal: killWithParent ? SIGKILL : parentDeathSignal,
    attributes: options,
    terminal,
    cgroup: options.cgroup,
    init: options.init,
    trustMounts: options.trustMounts,
    signal: options.signal,
    prepare: options.prepare,
    serialization,
    maxMessage: options.maxMessage,
    timeout: options.timeout,
    killSignal: options.killSignal,
  };
}

/** Parses the arguments of spawn. */
export function parseSpawn(command: unknown, args: unknown, options: unknown): CommandChild {
  return commandChild(command, args, parseSpawnOptions(options));
}

/** The parser of the namespaces of a child that runs only a program. */
export const programNamespaces = spawnMembers.namespaces;

/** Returns the child that runs only a program. */
export function programChild(namespaces: Namespaces, signal?: AbortSignal): Child {
  const { specs, handles } = namespaces;
  return {
    specs,
    handles,
    command: undefined,
    hold: undefined,
    directory: undefined,
    stdio: [],
    passFds: [],
    uid: undefined,
    gid: undefined,
    detached: false,
    parentDeathSignal: 0,
    attributes: noSpawnOptions,
    terminal: undefined,
    cgroup: undefined,
    init: false,
    trustMounts: false,
    signal,
    prepare: undefined,
  };
}
