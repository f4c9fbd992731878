// Agents for http and https whose connections start inside.
import { type AgentOptions, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type AgentOptions as HttpsAgentOptions } from 'node:https';
import type { NetConnectOpts, Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

/** Starts a connection inside. */
export type Connector = (options: NetConnectOpts) => Socket;

/** For `http.request({ agent })`. */
export class InsideAgent extends HttpAgent {
  readonly #connect: Connector;

  constructor(connect: Connector, options?: AgentOptions) {
    super(options);
    this.#connect = connect;
  }

  override createConnection(options: NetConnectOpts): Socket {
    return this.#connect(options);
  }
}

/** For `https.request({ agent })`. */
export class InsideTlsAgent extends HttpsAgent {
  readonly #connect: Connector;

  constructor(connect: Connector, options?: HttpsAgentOptions) {
    super(options);
    this.#connect = connect;
  }

  override createConnection(options: NetConnectOpts & ConnectionOptions): Socket {
    return connectTls({ ...options, socket: this.#connect(options) });
  }
}
