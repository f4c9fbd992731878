// A running child: what a user of child_process expects of a ChildProcess, over a pidfd.

import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { CommandChild } from '../child/child.js';
import { reapEnded } from '../child/kill-and-reap.js';
import type { Running } from '../child/launch.js';
import { socketOf } from '../child/socket.js';
import type { ParentEnd } from '../child/stdio.js';
import { Terminal } from '../child/terminal.js';
import { abortError } from '../contract/abort.js';
import { closeFd } from '../sys/fd.js';
import { rawWatch, type Watch } from '../sys/native.js';
import { type SignalName, signalNumber } from '../sys/signals.js';
import { trySyscall } from '../sys/syscall.js';
import { SystemError } from '../sys/system-error.js';
import { decodeStatus, type Exit } from '../sys/wait.js';
import { ofThisWorker } from './close-with-worker.js';
import { IpcChannel, type Sent } from './ipc-channel.js';

const ESRCH = 3;

type Stdio = ChildProcess['stdio'];

function streamOf(end: ParentEnd | null): Socket | null {
  if (end === null) return null;
  return socketOf(end.fd, end.readable, end.writable);
}

const channelError = (code: string, message: string) => Object.assign(new Error(message), { code });

/**
 * A child process in its namespaces. Events come as from a ChildProcess: `spawn`, `exit`,
 * `close`, and `error` when it could not be killed or was aborted. A command that cannot be
 * started rejects {@link spawn} instead.
 */
export class NamespaceProcess<
  Stdin extends Writable | null = Writable | null,
  Stdout extends Readable | null = Readable | null,
  Stderr extends Readable | null = Readable | null,
  Tty extends Terminal | null = Terminal | null,
> extends EventEmitter {
  /** Process id, in this process's pid namespace. With an init, the init's. */
  readonly pid: number;
  /** A pidfd for the process; closed when it has ended, then -1. */
  pidfd: number;
  /** Exit code, once it has ended by itself. */
  exitCode: number | null = null;
  /** The signal that ended it. */
  signalCode: NodeJS.Signals | null = null;
  /** True if {@link kill} has sent a signal. */
  killed = false;
  /** Standard input, if it is a pipe. */
  readonly stdin: Stdin;
  /** Standard output, if it is a pipe. */
  readonly stdout: Stdout;
  /** Standard error, if it is a pipe. */
  readonly stderr: Stderr;
  /** All pipes, by the child's descriptor. */
  readonly stdio: Stdio;
  /** The child's terminal, if it was given one: a duplex stream with `resize()`. */
  readonly terminal: Tty;
  /** The channel to a Node child, while it is connected; null without one. */
  channel: IpcChannel | null;
  /** The command and its arguments. */
  readonly spawnargs: string[];
  /** The command. */
  readonly spawnfile: string;
  /**
   * The end of the process; never rejects. Neither code nor signal is known if a process that traces it
   * does not let it go within a second.
   */
  readonly exited: Promise<Exit>;

  readonly #watch: Watch;
  readonly #report: number;
  readonly #streams: readonly (Socket | null)[];
  readonly #killSignal: number;
  #timer: NodeJS.Timeout | undefined;
  #open = 1; // the process itself, and each stream that has not closed
  #resolveExited: (exit: Exit) => void = () => {};
  #stopListening: () => void = () => {};
  #stopReaping: () => void = () => {};

  /** @internal */
  constructor(running: Running, options: CommandChild) {
    super();
    this.pid = running.pid;
    this.pidfd = running.pidfd;
    this.#report = running.report;
    this.#killSignal = options.killSignal;
    this.spawnfile = options.command.file;
    this.spawnargs = [...options.command.argv];
    this.#streams = running.stdio.parentEnds.map(streamOf);
    this.stdio = this.#streams as unknown as Stdio;
    const [stdin = null, stdout = null, stderr = null] = this.#streams;
    this.stdin = stdin as Writable | null as Stdin;
    this.stdout = stdout as Readable | null as Stdout;
    this.stderr = stderr as Readable | null as Stderr;
    const { terminal } = running.stdio;
    this.terminal = (terminal === undefined ? null : new Terminal(terminal)) as Tty;
    const { channel } = running.stdio;
    this.channel = channel === undefined ? null : this.#openChannel(channel, options);
    this.exited = new Promise((resolve) => {
      this.#resolveExited = resolve;
    });
    for (const stream of [...this.#streams, this.terminal]) {
      if (!stream) continue;
      this.#open++;
      stream.once('close', () => this.#closed());
    }
    this.#watch = rawWatch(this.pidfd, { readable: true }, () => this.#onEnd());
    ofThisWorker.add(this.#letGo);
    this.#arm(options);
    process.nextTick(() => this.emit('spawn'));
  }

  #openChannel(fd: number, { serialization, maxMessage }: CommandChild): IpcChannel {
    this.#open++;
    const channel = new IpcChannel(fd, serialization, maxMessage);
    // Where Node has the server or socket that came along.
    channel.on('message', (message) => this.emit('message', message, undefined));
    channel.on('error', (error) => this.emit('error', error));
    channel.once('disconnect', () => {
      this.channel = null;
      this.emit('disconnect');
      this.#closed();
    });
    return channel;
  }

  #arm({ timeout, signal }: CommandChild): void {
    if (timeout) {
      this.#timer = setTimeout(() => this.#killOrReport(), timeout);
    }
    if (!signal) return;
    const onAbort = () => {
      if (this.#killOrReport()) this.emit('error', abortError(signal));
    };
    if (signal.aborted) process.nextTick(onAbort);
    else signal.addEventListener('abort', onAbort, { once: true });
    this.#stopListening = () => signal.removeEventListener('abort', onAbort);
  }

  #killOrReport(): boolean {
    try {
      return this.kill(this.#killSignal);
    } catch (error) {
      this.emit('error', error);
      return false;
    }
  }

  /** Closes what tells of the process. */
  readonly #letGo = (): void => {
    ofThisWorker.delete(this.#letGo);
    this.#watch.close();
    this.#stopReaping();
    closeFd(this.pidfd);
    if (this.#report !== -1) closeFd(this.#report);
    this.pidfd = -1;
  };

  /** Returns the status of the command that init reported: PID 1 itself cannot die by the command's signal. */
  #reported(): Partial<Exit> {
    if (this.#report === -1) return {};
    const status = new Int32Array(1);
    const length = trySyscall('read', this.#report, status, 4);
    return length === 4 ? decodeStatus(status[0] as number) : {};
  }

  #onEnd(): void {
    this.#watch.close();
    // Other watchers of the process look at its status in this turn of the loop: not reaped yet.
    setImmediate(() => {
      if (this.pidfd === -1) return;
      this.#stopReaping = reapEnded(this.pidfd, (exit) => this.#onExit(exit));
    });
  }

  #onExit(ended: Exit): void {
    clearTimeout(this.#timer);
    this.#stopListening();
    const exit = { ...ended, ...this.#reported() };
    this.#letGo();
    this.exitCode = exit.code;
    this.signalCode = exit.signal;
    this.stdin?.destroy();
    this.#resolveExited(exit);
    this.emit('exit', exit.code, exit.signal);
    // Output without a reader must not delay 'close'.
    process.nextTick(() => {
      for (const stream of [...this.#streams, this.terminal]) {
        if (stream?.readable && stream.readableFlowing === null) stream.resume();
      }
    });
    this.#closed();
  }

  #closed(): void {
    if (--this.#open === 0) this.emit('close', this.exitCode, this.signalCode);
  }

  /**
   * Sends a signal, by the pidfd: never to another process that got the same pid.
   * Signal 0 only asks whether the process is there.
   *
   * @returns whether it was sent; false once the process has ended
   * @throws {SystemError} if it is not permitted
   */
  kill(signal: SignalName | number = 'SIGTERM'): boolean {
    const number = signalNumber(signal);
    if (this.pidfd === -1) return false;
    const result = trySyscall('pidfd_send_signal', this.pidfd, number, null, 0);
    if (result === -ESRCH) return false;
    if (result < 0) throw new SystemError(-result, 'pidfd_send_signal', [this.pidfd, number]);
    this.killed = true;
    return true;
  }

  /** True if there is a channel on which messages can be sent. */
  get connected(): boolean {
    return this.channel?.connected ?? false;
  }

  /**
   * Sends a message to a Node child, which gets it as `process.on('message')`. Without a connected
   * channel, `sent` gets an error with the code `ERR_IPC_CHANNEL_CLOSED`; if there is none, it is an
   * `error` event. Servers and sockets cannot be sent along: that takes an end of Node's own.
   *
   * @returns false if it had to be queued, or cannot be sent
   * @throws {TypeError} for what cannot be sent
   */
  send(message: unknown, sent?: Sent): boolean;
  send(message: unknown, handle: undefined, sent?: Sent): boolean;
  send(message: unknown, handle: undefined, options: unknown, sent?: Sent): boolean;
  send(message: unknown, ...rest: readonly unknown[]): boolean {
    const [handle] = rest;
    if (handle !== undefined && handle !== null && typeof handle !== 'function') {
      throw new TypeError('handle must be undefined: servers and sockets cannot be sent');
    }
    const sent = rest.find((one) => typeof one === 'function') as Sent | undefined;
    if (this.channel?.connected) return this.channel.send(message, sent);
    const error = channelError('ERR_IPC_CHANNEL_CLOSED', 'Channel closed');
    process.nextTick(sent ?? (() => this.emit('error', error)), error);
    return false;
  }

  /** Closes the channel. If there is none, that is an `error` event. */
  disconnect(): void {
    if (this.connected) this.channel?.disconnect();
    else
      this.emit(
        'error',
        channelError('ERR_IPC_DISCONNECTED', 'IPC channel is already disconnected'),
      );
  }

  /**
   * The lines of standard output as they come, without their ends.
   * @example for await (const line of child.lines) console.log(line);
   */
  get lines(): AsyncIterable<string> {
    const input = this.stdout;
    if (!input) throw new TypeError('stdout is not a pipe');
    // Loaded by the first who wants lines: it makes up much of an import of this package.
    const { createInterface } = process.getBuiltinModule('node:readline');
    return createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  }

  /** Keeps the event loop alive until the process ends (the default). */
  ref(): void {
    if (this.pidfd !== -1) this.#watch.ref();
  }

  /** Lets the event loop end although the process has not. */
  unref(): void {
    if (this.pidfd !== -1) this.#watch.unref();
  }

  /** Kills the process. */
  [Symbol.dispose](): void {
    if (this.exitCode === null && this.signalCode === null) this.kill('SIGKILL');
  }

  /** Kills the process and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
    await this.exited;
  }
}
