// run(): a command as a child in namespaces, from start to end.

import { pipeline, Readable, type Writable } from 'node:stream';
import { launch, type Running } from '../child/launch.js';
import { planChild } from '../child/plan.js';
import {
  neverRan,
  patience,
  type StopReason,
  stopReasons,
  unknownExit,
} from '../child/stop-reason.js';
import { throwIfAborted } from '../contract/abort.js';
import { isStartTimeout, startLimit } from '../contract/call-end.js';
import { NamespaceProcess } from '../process/namespace-process.js';
import { Output } from '../process/output.js';
import type { SignalName } from '../sys/signals.js';
import { parseRun, type Run } from './parse.js';
import type { RunOptions } from './run-options.js';
import { conclude, millisecondsSince, type OutputOf, type RunResult } from './run-result.js';

/** Writes input that comes piece by piece. If the source fails, the command is ended. */
function feed(
  input: Exclude<Run['input'], string | Uint8Array | undefined>,
  stdin: Writable,
  fail: (reason: StopReason) => void,
): void {
  const source = Readable.from(input);
  source.once('error', (error) => fail({ code: 'EINPUT', message: `input failed: ${error}` }));
  pipeline(source, stdin, () => {});
}

/** Sends a signal; false if that is not permitted, as to a set-user-ID program. */
function send(child: NamespaceProcess, signal: SignalName | number): boolean {
  try {
    child.kill(signal);
    return true;
  } catch {
    return false;
  }
}

/**
 * Ends a child that is cut short (SECURITY.md S5). Nothing more is read: a process that the command
 * has left behind may hold its output for ever.
 *
 * @param giveUp is called if the child cannot be ended
 * @returns a function that stops the timers
 */
function end(child: NamespaceProcess, killSignal: number, giveUp: () => void): () => void {
  const isSent = send(child, killSignal); // before it could end by SIGPIPE
  for (const stream of child.stdio) stream?.destroy();
  if (!isSent) {
    giveUp();
    return () => {};
  }
  send(child, 'SIGCONT'); // a stopped process acts on nothing else
  let timer = setTimeout(() => {
    send(child, 'SIGKILL');
    timer = setTimeout(giveUp, patience.afterKill);
  }, patience.afterSignal);
  return () => clearTimeout(timer);
}

/** Collects the output of a child. */
function collect(
  stream: Readable | null,
  limit: number,
  cutShort: (reason: StopReason) => void,
): Output {
  const output = new Output(limit);
  stream?.on('data', (chunk: Buffer) => {
    if (!output.add(chunk)) cutShort(stopReasons.maxBuffer);
  });
  return output;
}

async function follow(
  child: NamespaceProcess,
  options: Run,
  started: bigint,
): Promise<RunResult<string | Buffer>> {
  const { input, timeout, signal, killSignal, maxBuffer } = options;
  let cut: StopReason | undefined;
  let stopTimers = () => {};
  let settle = (_isOver: boolean) => {};
  const over = new Promise<boolean>((resolve) => {
    settle = resolve;
  });
  child.once('close', () => settle(true));
  const cutShort = (reason: StopReason) => {
    if (cut) return;
    cut = reason;
    stopTimers = end(child, killSignal, () => settle(false));
  };
  const outputs = [child.stdout, child.stderr].map((one) => collect(one, maxBuffer, cutShort));
  const left = Math.max(1, timeout - millisecondsSince(started));
  const timer = timeout ? setTimeout(() => cutShort(stopReasons.timeout), left) : undefined;
  const onAbort = () => cutShort({ ...stopReasons.abort, cause: signal?.reason });
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  // A command that does not read all of its input closes the pipe: that is its right.
  child.stdin?.on('error', () => {});
  if (typeof input === 'string' || ArrayBuffer.isView(input)) child.stdin?.end(input);
  else if (input !== undefined && child.stdin) feed(input, child.stdin, cutShort);

  let isOver: boolean;
  try {
    isOver = await over;
  } finally {
    clearTimeout(timer);
    stopTimers();
    signal?.removeEventListener('abort', onAbort);
  }
  if (!isOver) child.unref();
  const exit = isOver ? await child.exited : unknownExit;
  const contents = outputs.map((output) => output.content());
  return conclude(options, started, exit, contents, cut);
}

/** Tells the caller of the process. If the caller's function throws, the command is ended. */
function announce(child: NamespaceProcess, { onSpawn }: Run): void {
  try {
    onSpawn?.(child);
  } catch (error) {
    for (const stream of child.stdio) stream?.destroy();
    child.kill('SIGKILL');
    throw error;
  }
}

/** Runs a command to its end. */
async function toEnd(wanted: Run): Promise<RunResult<string | Buffer>> {
  const started = process.hrtime.bigint();
  throwIfAborted(wanted.signal);
  let running: Running;
  try {
    running = await launch(planChild(wanted), startLimit(wanted.timeout));
  } catch (error) {
    if (!isStartTimeout(error)) throw error;
    return conclude(wanted, started, neverRan, [], stopReasons.timeout);
  }
  // Timeout and abort are handled here, where the output is known.
  const child = new NamespaceProcess(running, { ...wanted, signal: undefined, timeout: 0 });
  announce(child, wanted);
  return follow(child, wanted, started);
}

/**
 * Runs a command in namespaces to its end and gives its output. Options and privileges are those
 * of {@link spawn}; standard input is empty unless `input` is given.
 *
 * `timeout` counts from the call. When it is over, as when `maxBuffer` is exceeded or `signal` aborts,
 * the output is closed and the command gets `killSignal`, and SIGKILL five seconds later if it has not
 * ended: the promise settles although a process that the command has left behind holds its output.
 *
 * @throws {RunError} if it exits with another code than 0, is ended by a signal, by `timeout`,
 *   `maxBuffer` or `signal`; the error carries the result. `reject: false` gives it as a result.
 * @throws {TypeError | RangeError} for wrong arguments, before any system call
 * @throws {SystemError} if it could not be started
 * @see unshare(1), nsenter(1)
 * @example const { stdout } = await run('id', ['-u'], { namespaces: [user({ map: 'root' })] });
 */
export async function run<const Encoding extends BufferEncoding | 'buffer' | undefined = undefined>(
  command: string,
  args: readonly string[] = [],
  options: RunOptions & { encoding?: Encoding } = {},
): Promise<RunResult<OutputOf<Encoding>>> {
  const result = await toEnd(parseRun(command, args, options));
  return result as RunResult<OutputOf<Encoding>>;
}
