// runSync(): a command as a child in namespaces, from start to end, blocking the thread.
import { constants } from 'node:fs';
import { assertKeys } from '../arguments.js';
import { F } from '../flags.js';
import { closeFd } from '../sys/fd.js';
import { syscall, trySyscall } from '../sys/syscall.js';
import { decodeStatus, type Exit, reap, reapIfEnded } from '../sys/wait.js';
import { checkRun } from './check.js';
import type { CheckedRun } from './checked.js';
import { type Cut, cuts } from './cut.js';
import { launchSync, type Running } from './launch.js';
import { type RunSyncOptions, runSyncOptions } from './options.js';
import { draft } from './plan/draft.js';
import { conclude, type RunResult } from './result.js';

const POLLIN = 1;
const POLLOUT = 4;
const EAGAIN = 11;
const EINTR = 4;
const CHUNK = 65536;

/** What is left of the input, to be written as the child takes it. */
class Feed {
  fd: number;
  #rest: Uint8Array;

  constructor(fd: number, input: string | Uint8Array) {
    this.fd = fd;
    this.#rest = typeof input === 'string' ? Buffer.from(input) : input;
    const flags = syscall('fcntl', fd, F.GETFL);
    syscall('fcntl', fd, F.SETFL, flags | constants.O_NONBLOCK);
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
  readonly #chunks: Buffer[] = [];
  readonly #limit: number;
  #length = 0;
  exceeded = false;

  constructor(fd: number, limit: number) {
    this.fd = fd;
    this.#limit = limit;
  }

  read(): void {
    const buffer = Buffer.allocUnsafeSlow(CHUNK);
    const length = trySyscall('read', this.fd, buffer, CHUNK);
    if (length === -EINTR || length === -EAGAIN) return;
    if (length <= 0) {
      this.close();
      return;
    }
    const kept = Math.min(length, this.#limit - this.#length);
    this.#chunks.push(buffer.subarray(0, kept));
    this.#length += kept;
    if (kept < length) this.exceeded = true;
  }

  close(): void {
    if (this.fd !== -1) closeFd(this.fd);
    this.fd = -1;
  }

  content(): Buffer {
    return Buffer.concat(this.#chunks);
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
  const nanoseconds = Number.isFinite(milliseconds) ? BigInt(Math.ceil(milliseconds * 1e6)) : 0n;
  const time = BigInt64Array.of(nanoseconds / 1_000_000_000n, nanoseconds % 1_000_000_000n);
  const limit = Number.isFinite(milliseconds) ? time : null;
  const result = trySyscall('ppoll', set, fds.length, limit, null, 0);
  if (result === -EINTR) return fds.map(() => false);
  return fds.map((_, i) => set.getInt16(i * 8 + 6, true) !== 0);
}

function finalExit(report: number, ended: Exit): Exit {
  if (report === -1) return ended;
  const status = new Int32Array(1);
  const length = trySyscall('read', report, status, 4);
  return length === 4 ? { ...ended, ...decodeStatus(status[0] as number) } : ended;
}

function follow(running: Running, options: CheckedRun, started: bigint) {
  const { pidfd, report, stdio } = running;
  const { input, timeout, killSignal, maxBuffer } = options;
  const [stdin, stdout, stderr, ...others] = stdio.parentEnds;
  for (const end of others) if (end) closeFd(end.fd);
  const feed = stdin && new Feed(stdin.fd, (input ?? '') as string | Uint8Array);
  const sinks = [stdout, stderr].map((end) => new Sink(end?.fd ?? -1, maxBuffer));
  const deadline = timeout ? performance.now() + timeout : Number.POSITIVE_INFINITY;
  let cut: Cut | undefined;
  let ended: Exit | undefined;
  const cutShort = (reason: Cut) => {
    if (!cut && !ended) trySyscall('pidfd_send_signal', pidfd, killSignal, null, 0);
    cut ??= reason;
  };
  if (input === undefined) feed?.close();

  while (!ended || sinks.some(({ fd }) => fd !== -1)) {
    const left = cut ? Number.POSITIVE_INFINITY : Math.max(0, deadline - performance.now());
    const connected = [feed, ...sinks].some((end) => end && end.fd !== -1);
    if (!connected && left === Number.POSITIVE_INFINITY) {
      ended = reap(pidfd);
      break;
    }
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
      ended = reapIfEnded(pidfd);
      if (ended) feed?.close();
    }
    if (sinks.some(({ exceeded }) => exceeded)) cutShort(cuts.maxBuffer);
    if (performance.now() >= deadline) cutShort(cuts.timeout);
  }
  const exit = finalExit(report, ended);
  const output = sinks.map((sink) => sink.content());
  return conclude(options, started, exit, output, cut);
}

/**
 * Runs a command in namespaces to its end, blocking the thread: {@link run}, synchronously.
 * There are no options `signal` and `onSpawn`: nothing could happen meanwhile. `timeout` works.
 *
 * @throws {RunError | TypeError | RangeError | SystemError} as {@link run} does
 * @example runSync('hostname', [], { namespaces: [user(), uts({ hostname: 'box' })] }).stdout
 */
export function runSync(
  command: string,
  args: readonly string[] | undefined,
  options: RunSyncOptions & { encoding: 'buffer' },
): RunResult<Buffer>;
export function runSync(
  command: string,
  args?: readonly string[],
  options?: RunSyncOptions & { encoding?: BufferEncoding },
): RunResult;
export function runSync(
  command: string,
  args: readonly string[] = [],
  options: RunSyncOptions = {},
): RunResult<string | Buffer> {
  const started = process.hrtime.bigint();
  assertKeys(options, runSyncOptions, 'options');
  const checked = checkRun(command, args, options);
  const { input } = checked;
  if (input !== undefined && typeof input !== 'string' && !ArrayBuffer.isView(input)) {
    throw new TypeError('input must be a string or bytes: a stream cannot be read synchronously');
  }
  const running = launchSync(draft(checked));
  try {
    return follow(running, checked, started);
  } finally {
    closeFd(running.pidfd);
    if (running.report !== -1) closeFd(running.report);
  }
}
