// run(): a command as a child in namespaces, from start to end.
import { pipeline, Readable, type Writable } from 'node:stream';
import { checkRun } from './check.js';
import type { CheckedRun } from './checked.js';
import { type Cut, cuts } from './cut.js';
import { launch } from './launch.js';
import type { RunOptions } from './options.js';
import { draft } from './plan/draft.js';
import { NamespaceProcess } from './process.js';
import { conclude, type RunResult } from './result.js';

/** Gathers a stream up to a limit. */
function collect(stream: Readable | null, limit: number, onExcess: () => void): () => Buffer {
  const chunks: Buffer[] = [];
  let length = 0;
  stream?.on('data', (chunk: Buffer) => {
    const room = limit - length;
    chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
    length += Math.min(chunk.length, room);
    if (chunk.length > room) onExcess();
  });
  return () => Buffer.concat(chunks);
}

/** Writes input that comes piece by piece. If the source fails, the command is ended. */
function feed(
  input: Exclude<CheckedRun['input'], string | Uint8Array | undefined>,
  stdin: Writable,
  fail: (reason: Cut) => void,
): void {
  const source = Readable.from(input);
  source.once('error', (error) => fail({ code: 'EINPUT', message: `input failed: ${error}` }));
  pipeline(source, stdin, () => {});
}

async function follow(
  child: NamespaceProcess,
  options: CheckedRun,
  started: bigint,
): Promise<RunResult<string | Buffer>> {
  const { input, timeout, signal, killSignal, maxBuffer } = options;
  let cut: Cut | undefined;
  const cutShort = (reason: Cut) => {
    cut ??= reason;
    child.kill(killSignal);
  };
  const stdout = collect(child.stdout, maxBuffer, () => cutShort(cuts.maxBuffer));
  const stderr = collect(child.stderr, maxBuffer, () => cutShort(cuts.maxBuffer));
  const timer = timeout ? setTimeout(() => cutShort(cuts.timeout), timeout) : undefined;
  const onAbort = () => cutShort(cuts.abort);
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  // A command that does not read all of its input closes the pipe: that is its right.
  child.stdin?.on('error', () => {});
  if (typeof input === 'string' || ArrayBuffer.isView(input)) child.stdin?.end(input);
  else if (input !== undefined && child.stdin) feed(input, child.stdin, cutShort);

  try {
    await new Promise<void>((resolve) => {
      child.once('close', () => resolve());
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
  return conclude(options, started, await child.exited, [stdout(), stderr()], cut);
}

/**
 * Runs a command in namespaces to its end and gives its output. Options and privileges are those
 * of {@link spawn}; standard input is empty unless `input` is given.
 *
 * @throws {RunError} if it exits with another code than 0, is ended by a signal, by `timeout`,
 *   `maxBuffer` or `signal`; the error carries the result. `reject: false` gives it as a result.
 * @throws {TypeError | RangeError} for wrong arguments, before any system call
 * @throws {SystemError} if it could not be started
 * @see unshare(1), nsenter(1)
 * @example const { stdout } = await run('id', ['-u'], { namespaces: [user({ map: 'root' })] });
 */
export function run(
  command: string,
  args: readonly string[] | undefined,
  options: RunOptions & { encoding: 'buffer' },
): Promise<RunResult<Buffer>>;
export function run(
  command: string,
  args?: readonly string[],
  options?: RunOptions & { encoding?: BufferEncoding },
): Promise<RunResult>;
export async function run(
  command: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<RunResult<string | Buffer>> {
  const started = process.hrtime.bigint();
  const checked = checkRun(command, args, options);
  const running = await launch(draft(checked));
  // Time and abort are minded here, where the output is known.
  const { signal: _signal, ...rest } = checked;
  const child = new NamespaceProcess(running, { ...rest, timeout: 0 });
  checked.onSpawn?.(child);
  return follow(child, checked, started);
}
