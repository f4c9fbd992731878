// The IPC channel of a Node child: what child_process.fork sets up, in its wire format, so that
// `process.send` and the `message` event work on the child's side without code of this package.

import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Serialization } from '../child/options.js';
import { socketOf } from '../child/socket.js';
import { Frames } from './frames.js';
import { deserialize, serialize } from './v8-serialization.js';

/** Is called once a message is on its way, or cannot be sent. */
export type Sent = (error: Error | null) => void;

function encode(message: unknown, serialization: Serialization): Buffer {
  if (serialization === 'json') return Buffer.from(`${JSON.stringify(message)}\n`);
  const body = serialize(message);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

function isInternal(message: unknown): boolean {
  const command =
    typeof message === 'object' && message !== null && 'cmd' in message && message.cmd;
  return typeof command === 'string' && command.startsWith('NODE_');
}

/**
 * One end of the channel to a Node child. Events: `message`, `error`, and `disconnect` at its end. What
 * the child sends must be messages, and none longer than `maxMessage`: the first that is not is an
 * error, and the channel is closed.
 */
export class IpcChannel extends EventEmitter {
  readonly #socket: Socket;
  readonly #serialization: Serialization;
  readonly #frames: Frames;

  /** @internal */
  constructor(fd: number, serialization: Serialization, maxMessage: number) {
    super();
    this.#socket = socketOf(fd, true, true);
    this.#serialization = serialization;
    this.#frames = new Frames(serialization, maxMessage);
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      // The other side is gone: `disconnect` reports that.
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') this.emit('error', error);
    });
    this.#socket.once('close', () => this.emit('disconnect'));
  }

  /** True if messages can be sent. */
  get connected(): boolean {
    return this.#socket.writable;
  }

  /** Sends a message; false if it had to be queued. */
  send(message: unknown, sent?: Sent): boolean {
    if (!['object', 'string', 'number', 'boolean'].includes(typeof message)) {
      throw new TypeError(
        `message must be an object, a string, a number or a boolean: ${typeof message}`,
      );
    }
    const bytes = encode(message, this.#serialization);
    return this.#socket.write(bytes, (error) => sent?.(error ?? null));
  }

  /** Ends the channel, once what was sent is on its way. */
  disconnect(): void {
    this.#socket.destroySoon();
  }

  /** Keeps the event loop alive while the channel is open (the default). */
  ref(): void {
    this.#socket.ref();
  }

  /** Lets the event loop end although the channel is open. */
  unref(): void {
    this.#socket.unref();
  }

  /** Bytes that have come from the child. */
  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  /** @internal Closes the channel at once, whatever is still on its way. */
  destroy(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    const messages: unknown[] = [];
    let failure: { readonly error: unknown } | undefined;
    try {
      for (const body of this.#frames.take(chunk)) messages.push(this.#decode(body));
    } catch (error) {
      // Where the next message begins is not known any more, or never will be.
      failure = { error };
      this.destroy();
    }
    for (const message of messages) if (!isInternal(message)) this.emit('message', message);
    if (failure) this.emit('error', failure.error);
  }

  #decode(body: Buffer): unknown {
    return this.#serialization === 'json' ? JSON.parse(body.toString()) : deserialize(body);
  }
}
