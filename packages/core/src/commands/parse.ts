// Parses the options of run and runSync.
import type { CommandChild } from '../child/child.js';
import { byteLimit, commandChild, spawnMembers } from '../child/parse.js';
import type { Members, Parsed } from '../contract/options.js';
import * as parse from '../contract/parse.js';
import type { Parser } from '../contract/parser.js';
import type { RunOptions, RunSyncOptions } from './run-options.js';

const DEFAULT_MAX_BUFFER = 1024 * 1024;

type Input = NonNullable<RunOptions['input']>;
type Encoding = BufferEncoding | 'buffer';

/** A command to run to its end. */
export interface Run<RunInput = Input> extends CommandChild {
  readonly input: RunInput | undefined;
  readonly encoding: Encoding;
  readonly maxBuffer: number;
  readonly reject: boolean;
  readonly onSpawn: RunOptions['onSpawn'];
}

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;

const parseBytes: Parser<string | Uint8Array> = (value, name) =>
  typeof value === 'string' || isBytes(value)
    ? value
    : parse.refuse(name, 'a string or bytes: a stream cannot be read synchronously', value);

const parseInput: Parser<Input> = (value, name) => {
  if (typeof value === 'string' || isBytes(value)) return value;
  const isIterable =
    typeof value === 'object' &&
    value !== null &&
    (Symbol.iterator in value || Symbol.asyncIterator in value);
  return isIterable
    ? (value as Input)
    : parse.refuse(name, 'a string, bytes, a stream or an iterable', value);
};

const parseEncoding: Parser<Encoding> = (value, name) =>
  value === 'buffer' || (typeof value === 'string' && Buffer.isEncoding(value))
    ? value
    : parse.refuse(name, "an encoding or 'buffer'", value);

const common = {
  ...spawnMembers,
  encoding: parse.withDefault(parseEncoding, 'utf8' as Encoding),
  maxBuffer: parse.withDefault(byteLimit, DEFAULT_MAX_BUFFER),
  reject: parse.withDefault(parse.boolean, true),
};

const runMembers = {
  ...common,
  input: parseInput,
  onSpawn: parse.callback<NonNullable<RunOptions['onSpawn']>>(),
} satisfies Members<RunOptions>;

const { signal: _signal, ...withoutSignal } = common;
const runSyncMembers = { ...withoutSignal, input: parseBytes } satisfies Members<RunSyncOptions>;

const parseOptions = parse.options(runMembers);
const parseSyncOptions = parse.options(runSyncMembers);

function runOf<RunInput>(
  command: unknown,
  args: unknown,
  options: Omit<Parsed<typeof runMembers>, 'input'> & { readonly input: RunInput | undefined },
): Run<RunInput> {
  const { input, encoding, maxBuffer, reject, onSpawn } = options;
  if (options.terminal) {
    throw new TypeError('options.terminal cannot be set: a terminal mixes the outputs; use spawn');
  }
  if (options.stdio?.includes('ipc')) {
    throw new TypeError("options.stdio must not contain 'ipc': use fork or spawn");
  }
  const preset = [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] as const;
  const child = commandChild(command, args, options, preset);
  return { ...child, input, encoding, maxBuffer, reject, onSpawn };
}

/** Parses the arguments of run. */
export function parseRun(command: unknown, args: unknown, options: unknown): Run {
  return runOf(command, args, parseOptions(options));
}

/** Parses the arguments of runSync. */
export function parseRunSync(
  command: unknown,
  args: unknown,
  options: unknown,
): Run<string | Uint8Array> {
  const parsed = parseSyncOptions(options);
  return runOf(command, args, { ...parsed, signal: undefined, onSpawn: undefined });
}
