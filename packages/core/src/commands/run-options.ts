// Options of run and runSync.
import type { SpawnOptions } from '../child/options.js';
import type { Size } from '../contract/units.js';
import type { NamespaceProcess } from '../process/namespace-process.js';

/** Options of {@link run}. */
export interface RunOptions extends SpawnOptions {
  /** Standard input of the command. */
  input?:
    | string
    | Uint8Array
    | Iterable<string | Uint8Array>
    | AsyncIterable<string | Uint8Array>
    | undefined;
  /** Encoding of the output; `'buffer'` for bytes. Default: `'utf8'`. */
  encoding?: BufferEncoding | 'buffer' | undefined;
  /**
   * Upper limit of stdout and of stderr each, in bytes. A child that writes more is ended, and what
   * goes beyond is dropped. Default: 1 MiB.
   */
  maxBuffer?: Size | undefined;
  /** False to return the result of a command that fails. Default: true, an error. */
  reject?: boolean | undefined;
  /** Called with the process as soon as it runs the command. */
  onSpawn?: ((child: NamespaceProcess) => void) | undefined;
}

/**
 * Options of {@link runSync}: those of {@link run} without the ones that need the event loop.
 */
export interface RunSyncOptions extends Omit<RunOptions, 'signal' | 'onSpawn' | 'input'> {
  /** Standard input of the command. */
  input?: string | Uint8Array | undefined;
}
