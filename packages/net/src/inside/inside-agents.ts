// Agents for http and https whose connections start inside. Here and in its neighbours, modules of
// Node that are slow to load are loaded by the first who needs them: an import of the package is cheap.
import type { AgentOptions, Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent, AgentOptions as HttpsAgentOptions } from 'node:https';
import type { NetConnectOpts, Socket } from 'node:net';
import { parse } from '@ns/core/authors';

/** Starts a connection inside. */
export type Connector = (options: NetConnectOpts) => Socket;

/** Throws if the options of an agent are not an object. Their members are Node's to parse. */
function assertOptions(options: unknown): void {
  if (options !== undefined) parse.ownMembers(options, 'options');
}

/** For `http.request({ agent })`. */
export function insideAgent(connect: Connector, options?: AgentOptions): HttpAgent {
  assertOptions(options);
  const { Agent } = process.getBuiltinModule('node:http');
  class InsideAgent extends Agent {
    override createConnection(given: NetConnectOpts): Socket {
      return connect(given);
    }
  }
  return new InsideAgent(options);
}

/** For `https.request({ agent })`. */
export function insideTlsAgent(connect: Connector, options?: HttpsAgentOptions): HttpsAgent {
  assertOptions(options);
  const { Agent } = process.getBuiltinModule('node:https');
  const tls = process.getBuiltinModule('node:tls');
  class InsideTlsAgent extends Agent {
    override createConnection(given: NetConnectOpts): Socket {
      return tls.connect({ ...given, socket: connect(given) });
    }
  }
  return new InsideTlsAgent(options);
}
