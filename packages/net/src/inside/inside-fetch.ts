// fetch() whose connections start inside. Node's own fetch does it all but for the connecting: its
// dispatcher is found where undici and Node have agreed to keep it, and asked for another of its kind.
import type { NetConnectOpts, Socket } from 'node:net';
import { isIP } from '../is-ip.js';
import type { Connector } from './inside-agents.js';

const GLOBAL_DISPATCHER = Symbol.for('undici.globalDispatcher.1');
/** Milliseconds that a connection may take, as in fetch itself. */
const CONNECT_TIMEOUT = 10_000;

interface ConnectRequest {
  readonly hostname: string;
  readonly protocol: string;
  readonly port: string;
  readonly servername?: string | null;
}

type Connected = (error: Error | null, socket: Socket | null) => void;

interface Dispatcher {
  close(): Promise<void>;
}

type DispatcherClass = new (options: {
  connect(request: ConnectRequest, callback: Connected): void;
}) => Dispatcher;

/** Returns the class of Node's dispatcher, unless the program has set another. */
function dispatcherClass(): DispatcherClass {
  void globalThis.Headers; // Node loads its fetch with the first of these names
  const present = (globalThis as Record<symbol, unknown>)[GLOBAL_DISPATCHER] as object | undefined;
  const found = present?.constructor;
  if (found?.name !== 'Agent') {
    throw new Error(
      `fetch: its global dispatcher is ${found ? `a ${found.name}` : 'not there'}, and not Node's own Agent. ` +
        'Use agent() with http.request instead.',
    );
  }
  return found as DispatcherClass;
}

function connectFor(connector: Connector, request: ConnectRequest, callback: Connected): void {
  const { hostname, protocol, port, servername } = request;
  const secure = protocol === 'https:';
  const plain = connector({
    host: hostname,
    port: port === '' ? (secure ? 443 : 80) : Number(port),
  } satisfies NetConnectOpts);
  const name = servername || (isIP(hostname) ? undefined : hostname);
  const socket = secure
    ? process.getBuiltinModule('node:tls').connect({
        socket: plain,
        ALPNProtocols: ['http/1.1'],
        ...(name === undefined ? {} : { servername: name }),
      })
    : plain;
  const timer = setTimeout(() => {
    const error = new Error(`no connection to ${hostname} in ${CONNECT_TIMEOUT} ms`);
    socket.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
  }, CONNECT_TIMEOUT);
  const onError = (error: Error) => {
    clearTimeout(timer);
    callback(error, null);
  };
  socket.once('error', onError);
  socket.once(secure ? 'secureConnect' : 'connect', () => {
    clearTimeout(timer);
    socket.removeListener('error', onError);
    callback(null, socket);
  });
}

/** A fetch() of its own, with its connections. */
export class InsideFetch {
  readonly #connector: Connector;
  #dispatcher: Dispatcher | undefined;

  constructor(connector: Connector) {
    this.#connector = connector;
  }

  fetch(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
    this.#dispatcher ??= new (dispatcherClass())({
      connect: (request, callback) => connectFor(this.#connector, request, callback),
    });
    return fetch(input, { ...init, dispatcher: this.#dispatcher } as RequestInit);
  }

  /** Closes idle connections; requests under way go on. */
  close(): void {
    void this.#dispatcher?.close();
    this.#dispatcher = undefined;
  }
}
