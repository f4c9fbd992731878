// runSync(): a command as a child in namespaces, from start to end, blocking the thread.
import { constants as files } from 'node:fs';
import { constants } from 'node:os';
import { reapEndedSync, reapLater } from '../child/kill-and-reap.js';
import { launchSync, type Running } from '../child/launch.js';
import { planChild } from '../child/plan.js';
import {
  neverRan,
  patience,
  type StopReason,
  stopReasons,
  unknownExit,
} from '../child/stop-reason.js';
import { isStartTimeout, startLimit } from '../contract/call-end.js';
import { Output } from '../process/output.js';
import { closeFd, duplicate } from '../sys/fd.js';
import { F } from '../sys/flags.js';
import { syscall, trySyscall } from '../sys/syscall.js';
import { decodeStatus, type Exit, reapIfEnded, timespec, waitUntilReadable } from '../sys/wait.js';
import { parseRunSync, type Run } from './parse.js';
import type { RunSyncOptions } from './run-options.js';
import { conclude, millisecondsSince, type OutputOf, type RunResult } from './run-result.js';

const POLLIN = 1;
const POLLOUT = 4;
const EAGAIN = 11;
const EINTR = 4;
const CHUNK = 65536;

/** The rest of the input, written as the child takes it. */
class Feed {
  fd: number;
  #rest: Uint8Array;

  constructor(fd: number, input: string | Uint8Array) {
    this.fd = fd;
    this.#rest = typeof input === 'string' ? Buffer.from(input) : input;
    const flags = syscall('fcntl', fd, F.GETFL);
    syscall('fcntl', fd, F.SETFL, flags | files.O_NONBLOCK);
  }

  write(): void {
    const written = trySyscall('write', this.fd, this.#rest, this.#rest.length);
    if (written >= 0) this.#rest = this.#rest.subarray(written);
    // Any other error: the command reads no more, which is its right.
    if (this.#rest.length === 0 || (written < 0 && written !== -EAGAIN)) this.close();
  }

  close(): void {
    if (this.fd !== -1) closeFd(this.fd);
    this.fd = -1;
  }
}

/** Output of one descriptor, up to a limit. */
class Sink {
  fd: number;
  readonly #buffer: Buffer;
  readonly #output: Output;
  exceeded = false;

  constructor(fd: number, limit: number, buffer: Buffer) {
    this.fd = fd;
    this.#output = new Output(limit);
    this.#buffer = buffer;
  }

  read(): void {
    const length = trySyscall('read', this.fd, this.#buffer, CHUNK);
    if (length === -EINTR || length === -EAGAIN) return;
    if (length <= 0) this.close();
    else if (!this.#output.add(this.#buffer.subarray(0, length))) this.exceeded = true;
  }

  close(): void {
    if (this.fd !== -1) closeFd(this.fd);
    this.fd = -1;
  }

  content(): Buffer {
    return this.#output.content();
  }
}

/** Waits until one of these descriptors is ready or the time is over; -1 marks an unused one. */
function poll(
  fds: readonly (readonly [fd: number, events: number])[],
  milliseconds: number,
): boolean[] {
  const set = new DataView(new ArrayBuffer(fds.length * 8));
  fds.forEach(([fd, events], i) => {
    set.setInt32(i * 8, fd, true);
    set.setInt16(i * 8 + 4, events, true);
  });
  const result = trySyscall('ppoll', set, fds.length, timespec(milliseconds), null, 0);
  if (result === -EINTR) return fds.map(() => false);
  return fds.map((_, i) => set.getInt16(i * 8 + 6, true) !== 0);
}

function finalExit(report: number, ended: Exit): Exit {
  if (report === -1) return ended;
  const status = new Int32Array(1);
  const length = trySyscall('read', report, status, 4);
  return length === 4 ? { ...ended, ...decodeStatus(status[0] as number) } : ended;
}

/**
 * Ends a command that is cut short (SECURITY.md S5): it gets the signal, and SIGKILL if it does not
 * end by that. Blocks the thread meanwhile.
 *
 * @param close closes its pipes: after the signal, before it could end by SIGPIPE
 * @returns undefined if the kernel does not let it go; it is then reaped later
 */
function end(pidfd: number, killSignal: number, close: () => void): Exit | undefined {
  const send = (signal: number) => trySyscall('pidfd_send_signal', pidfd, signal, null, 0) === 0;
  const isSent = send(killSignal);
  close();
  if (isSent) {
    send(constants.signals.SIGCONT); // a stopped process acts on nothing else
    if (!waitUntilReadable(pidfd, patience.afterSignal)) {
      send(constants.signals.SIGKILL);
      waitUntilReadable(pidfd, patience.afterKill);
    }
  }
  const exit = reapIfEnded(pidfd);
  if (!exit) reapLater(duplicate(pidfd));
  return exit;
}

function follow(running: Running, options: Run<string | Uint8Array>, started: bigint) {
  const { pidfd, report, stdio } = running;
  const { input, timeout, killSignal, maxBuffer } = options;
  const [stdin, stdout, stderr, ...others] = stdio.parentEnds;
  for (const end of others) if (end) closeFd(end.fd);
  const feed = stdin && new Feed(stdin.fd, input ?? '');
  const buffer = Buffer.allocUnsafeSlow(CHUNK);
  const sinks = [stdout, stderr].map((end) => new Sink(end?.fd ?? -1, maxBuffer, buffer));
  let cut: StopReason | undefined;
  let ended: Exit | undefined;
  if (input === undefined) feed?.close();

  while (!cut && (!ended || sinks.some(({ fd }) => fd !== -1))) {
    const left = timeout
      ? Math.max(0, timeout - millisecondsSince(started))
      : Number.POSITIVE_INFINITY;
    const [canWrite, out, err, gone] = poll(
      [
        [feed?.fd ?? -1, POLLOUT],
        [sinks[0]?.fd ?? -1, POLLIN],
        [sinks[1]?.fd ?? -1, POLLIN],
        [ended ? -1 : pidfd, POLLIN],
      ],
      left,
    );
    if (canWrite) feed?.write();
    if (out) sinks[0]?.read();
    if (err) sinks[1]?.read();
    if (gone) {
      ended = reapEndedSync(pidfd);
      feed?.close();
    }
    if (sinks.some(({ exceeded }) => exceeded)) cut = stopReasons.maxBuffer;
    else if (left === 0) cut = stopReasons.timeout;
  }
  const close = () => {
    for (const end of [feed, ...sinks]) end?.close();
  };
  if (ended) close();
  else ended = end(pidfd, killSignal, close);
  const exit = ended ? finalExit(report, ended) : unknownExit;
  const output = sinks.map((sink) => sink.content());
  return conclude(options, started, exit, output, cut);
}

/** Runs a command to its end. */
export function runChildSync(wanted: Run<string | Uint8Array>): RunResult<string | Buffer> {
  const started = process.hrtime.bigint();
  let running: Running;
  try {
    running = launchSync(planChild(wanted), startLimit(wanted.timeout));
  } catch (error) {
    if (!isStartTimeout(error)) throw error;
    return conclude(wanted, started, neverRan, [], stopReasons.timeout);
  }
  try {
    return follow(running, wanted, started);
  } finally {
    closeFd(running.pidfd);
    if (running.report !== -1) closeFd(running.report);
  }
}

/**
 * Runs a command in namespaces to its end, blocking the thread: {@link run}, synchronously.
 * The options `signal` and `onSpawn` are missing, since the thread is blocked. `timeout` works.
 *
 * @throws {RunError | TypeError | RangeError | SystemError} as {@link run} does
 * @example runSync('hostname', [], { namespaces: [user(), uts({ hostname: 'box' })] }).stdout
 */
export function runSync<const Encoding extends BufferEncoding | 'buffer' | undefined = undefined>(
  command: string,
  args: readonly string[] = [],
  options: RunSyncOptions & { encoding?: Encoding } = {},
): RunResult<OutputOf<Encoding>> {
  const result = runChildSync(parseRunSync(command, args, options));
  return result as RunResult<OutputOf<Encoding>>;
}
