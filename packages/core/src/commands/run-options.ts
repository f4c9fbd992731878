// Options of run and runSync.
import { type SpawnOptions, spawnOptions } from '../child/options.js';
import type { NamespaceProcess } from '../process/namespace-process.js';

/** Options of {@link run}. */
export interface RunOptions extends SpawnOptions {
  /** What the command reads on its standard input. */
  input?: string | Uint8Array | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;
  /** How output is decoded; `'buffer'` for bytes. Default: `'utf8'`. */
  encoding?: BufferEncoding | 'buffer';
  /** Most bytes of stdout and of stderr each; the child is ended beyond, and nothing is kept. Default: 1 MiB. */
  maxBuffer?: number;
  /** Whether a failing command makes an error. Default: true. */
  reject?: boolean;
  /** Called with the process as soon as it runs the command. */
  onSpawn?: (child: NamespaceProcess) => void;
}

/** Names of the options of run. */
export const runOptions = [
  ...spawnOptions,
  ...['input', 'encoding', 'maxBuffer', 'reject', 'onSpawn'],
] as const satisfies readonly (keyof RunOptions)[];

/** Options of run that take an event loop. */
const asynchronous = ['signal', 'onSpawn'] as const satisfies readonly (keyof RunOptions)[];

/**
 * Options of {@link runSync}: those of {@link run}, but for what would have to happen while the thread
 * is blocked.
 */
export interface RunSyncOptions extends Omit<RunOptions, (typeof asynchronous)[number] | 'input'> {
  /** What the command reads on its standard input. */
  input?: string | Uint8Array;
}

/** Names of the options of runSync. */
export const runSyncOptions = runOptions.filter(
  (name) => !(asynchronous as readonly string[]).includes(name),
);
