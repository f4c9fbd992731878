// openInside(): sockets of this process in another network namespace.
import type { Socket as DatagramSocket, SocketOptions, SocketType } from 'node:dgram';
import type { LookupAddress, LookupOptions } from 'node:dns';
import type { AgentOptions, Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent, AgentOptions as HttpsAgentOptions } from 'node:https';
import type {
  ListenOptions,
  NetConnectOpts,
  Server,
  ServerOpts,
  Socket,
  TcpNetConnectOpts,
} from 'node:net';
import type { Namespace } from '@ns/core';
import { type Members, type Parser, parse } from '@ns/core/authors';
import { inNet, type NetTarget } from '../in-net.js';
import { isIP } from '../is-ip.js';
import { openNet } from '../open-net.js';
import { insideAgent, insideTlsAgent } from './inside-agents.js';
import { insideDatagrams } from './inside-datagrams.js';
import { InsideFetch } from './inside-fetch.js';
import { placeServer } from './inside-server.js';
import { insideSocket } from './lazy-socket.js';
import { Resolver } from './resolver.js';

/** Options of {@link openInside}. */
export interface InsideOptions {
  /**
   * Name servers, asked from inside. Default: those of /etc/netns/NAME/resolv.conf for a namespace
   * given by its name, else of /etc/resolv.conf.
   */
  nameservers?: readonly string[] | undefined;
}

/** The parser of the address of a name server, which may have a zone. */
const nameserver: Parser<string> = (value, name) =>
  typeof value === 'string' && isIP(value) !== 0
    ? value
    : parse.refuse(name, 'an IP address', value);

const parseInside = parse.options({
  nameservers: parse.list(nameserver),
} satisfies Members<InsideOptions>);

/**
 * Node's networking in another network namespace: real `net`, `dgram`, `http` and `tls` objects of
 * this process, whose sockets live there. Close it when no more sockets are to be made; those that
 * have been made go on.
 */
export class Inside {
  readonly #namespace: Namespace;
  readonly #resolver: Resolver;
  readonly #fetch = new InsideFetch((given) => this.connect(given));

  /** @internal */
  constructor(target: NetTarget, { nameservers }: ReturnType<typeof parseInside>) {
    this.#namespace = openNet(target);
    const name = typeof target === 'string' ? target : undefined;
    const connect = (host: string, port: number) => this.connect({ host, port });
    this.#resolver = new Resolver(this.#namespace, name, nameservers, connect);
  }

  /**
   * A TCP server that listens inside: `net.createServer`.
   *
   * @example openInside(lab).createServer((socket) => socket.end('hello')).listen(8080);
   */
  createServer(listener?: (socket: Socket) => void): Server;
  createServer(options: ServerOpts, listener?: (socket: Socket) => void): Server;
  createServer(
    options: ServerOpts | ((socket: Socket) => void) = {},
    listener?: (socket: Socket) => void,
  ): Server {
    const { createServer } = process.getBuiltinModule('node:net'); // takes a while to load
    const server =
      typeof options === 'function' ? createServer(options) : createServer(options, listener);
    return placeServer(server, this.#namespace, this.#resolver);
  }

  /**
   * Lets any server of Node's listen inside: of `http`, `https`, `tls`, `http2`.
   *
   * @returns the server, once it listens
   * @throws {SystemError} EADDRINUSE, EADDRNOTAVAIL, EACCES
   * @example await openInside(lab).listen(http.createServer(app), { port: 80 });
   */
  async listen<S extends Server>(server: S, options: ListenOptions = {}): Promise<S> {
    placeServer(server, this.#namespace, this.#resolver);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(options, () => {
        server.removeListener('error', reject);
        resolve(server);
      });
    });
  }

  /**
   * A connection that starts inside: `net.connect`. Names are resolved inside as well, and of
   * several addresses the first that answers is taken, as by `net.connect`.
   */
  connect(options: TcpNetConnectOpts, listener?: () => void): Socket;
  connect(port: number, host?: string, listener?: () => void): Socket;
  connect(options: NetConnectOpts, listener?: () => void): Socket;
  connect(
    options: NetConnectOpts | number,
    second?: string | (() => void),
    third?: () => void,
  ): Socket {
    const listener = typeof second === 'function' ? second : third;
    const given: NetConnectOpts =
      typeof options === 'number'
        ? { port: options, ...(typeof second === 'string' ? { host: second } : {}) }
        : options;
    if ('path' in given && given.path && !('port' in given)) {
      throw new TypeError('path: only TCP connections start inside');
    }
    const { path: _path, ...tcp } = given as TcpNetConnectOpts & { path?: unknown };
    const socket = insideSocket(this.#namespace, tcp);
    // Node's type of lookup is narrower than what it calls.
    const lookup = this.#resolver.lookup as TcpNetConnectOpts['lookup'];
    return socket.connect({ host: 'localhost', ...tcp, ...(lookup ? { lookup } : {}) }, listener);
  }

  /** A datagram socket that is bound inside: `dgram.createSocket`. */
  createSocket(options: SocketOptions | SocketType): DatagramSocket {
    const given = typeof options === 'string' ? { type: options } : options;
    return insideDatagrams(this.#namespace, this.#resolver, given);
  }

  /** An agent for `http.request` and `http.get`. */
  agent(options?: AgentOptions): HttpAgent {
    return insideAgent((given) => this.connect(given), options);
  }

  /** An agent for `https.request` and `https.get`. */
  tlsAgent(options?: HttpsAgentOptions): HttpsAgent {
    return insideTlsAgent((given) => this.connect(given), options);
  }

  /**
   * `fetch` from inside: redirects, names and connections are all those of the namespace. What Node's
   * fetch takes and gives holds here as well.
   *
   * @throws an Error if the program has set another global dispatcher for fetch (a proxy's, a mock's)
   * @example const page = await (await openInside(lab).fetch('http://10.0.0.1/')).text();
   */
  async fetch(...given: Parameters<typeof fetch>): Promise<Response> {
    return this.#fetch.fetch(...given);
  }

  /** The addresses of a name, as the namespace sees them: `dns.promises.lookup` with `all`. */
  async resolve(hostname: string, family: 0 | 4 | 6 = 0): Promise<LookupAddress[]> {
    return this.#resolver.all(hostname, family);
  }

  /** For the `lookup` option of Node's functions. */
  get lookup(): (
    hostname: string,
    options: LookupOptions,
    callback: (
      error: NodeJS.ErrnoException | null,
      address: string | LookupAddress[],
      family?: number,
    ) => void,
  ) => void {
    return this.#resolver.lookup;
  }

  /** Lets go of the namespace, and of the idle connections of `fetch`. */
  close(): void {
    this.#fetch.close();
    this.#namespace.close();
  }

  /** Same as {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Node's networking in another network namespace. Its sockets are made there, by this thread if it
 * may go there (some microseconds), else by a short-lived child in the user namespace that owns it
 * (about a millisecond each), which the parent of a rootless child may do.
 *
 * @throws {SystemError} if the namespace cannot be opened
 * @throws {TypeError} for a name server that is not an IP address
 * @see network_namespaces(7)
 * @example
 * using host = openInside(lab);
 * await host.listen(http.createServer(app), { port: 80 });
 * http.get('http://10.0.0.1/', { agent: host.agent() }, (response) => {});
 */
export function openInside(target: NetTarget, options: InsideOptions = {}): Inside {
  return new Inside(inNet(target, 'target'), parseInside(options));
}
