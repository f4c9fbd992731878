// Looks names up from inside a namespace. getaddrinfo(3) would run on a thread of libuv's pool,
// which is elsewhere; so the questions are asked by sockets of the namespace.
import type { LookupAddress, LookupOptions } from 'node:dns';
import type { Socket } from 'node:net';
import type { Namespace } from '@ns/core';
import { isIP, isIPv6 } from '../is-ip.js';
import { boundSocket, SOCK_DGRAM } from './bound-socket.js';
import { type Answer, decodeAnswer, encodeQuestion, TYPE } from './dns-message.js';
import { knownAddresses, type ResolverConfig, resolverConfig } from './resolver-config.js';

const PORT = 53;
const NO_SUCH_NAME = 3;
/** Bytes of the length that precedes a message over TCP. */
const LENGTH = 2;

/** Connects a stream socket of the namespace. */
export type Connect = (address: string, port: number) => Socket;

function lookupError(code: 'ENOTFOUND' | 'EAI_AGAIN', hostname: string): Error {
  const error = new Error(`getaddrinfo ${code} ${hostname}`);
  return Object.assign(error, { code, hostname, syscall: 'getaddrinfo' });
}

/** Asks one server by UDP. Undefined if it does not answer in time. */
function askByUdp(
  namespace: Namespace,
  server: string,
  question: Buffer,
  type: number,
  timeout: number,
): Promise<Answer | undefined> {
  const v6 = isIPv6(server);
  const fd = boundSocket(namespace, { type: SOCK_DGRAM, address: v6 ? '::' : '0.0.0.0', port: 0 });
  const { createSocket } = process.getBuiltinModule('node:dgram');
  const socket = createSocket(v6 ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    let over = false;
    const end = (answer?: Answer) => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const failed = (error: Error | null | undefined) => {
      if (error) end();
    };
    const timer = setTimeout(() => end(), timeout);
    socket.on('message', (bytes, from) => {
      if (from.address !== server || from.port !== PORT) return;
      const answer = decodeAnswer(bytes, question, type);
      if (answer) end(answer);
    });
    socket.on('error', failed);
    socket.bind({ fd }, () => {
      // Called also if it could not be connected, which Node's types do not say.
      const onConnect = (error?: Error) => {
        if (error) end();
        else if (!over) socket.send(question, failed);
      };
      socket.connect(PORT, server, onConnect);
    });
  });
}

/** Asks by TCP, for answers that are too long for UDP. */
function askByTcp(
  connect: Connect,
  server: string,
  question: Buffer,
  type: number,
  timeout: number,
): Promise<Answer | undefined> {
  const socket = connect(server, PORT);
  return new Promise((resolve) => {
    const end = (answer?: Answer) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    // From the first moment to the last byte: a server could send one byte at a time (SECURITY.md S5).
    const timer = setTimeout(() => end(), timeout);
    socket.on('error', () => end());
    socket.once('end', () => end());
    const chunks: Buffer[] = [];
    let [received, wanted] = [0, LENGTH];
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      received += chunk.length;
      if (received < wanted) return;
      const bytes = Buffer.concat(chunks);
      wanted = LENGTH + bytes.readUInt16BE(0);
      if (received >= wanted) end(decodeAnswer(bytes.subarray(LENGTH, wanted), question, type));
    });
    const length = Buffer.alloc(LENGTH);
    length.writeUInt16BE(question.length);
    socket.write(Buffer.concat([length, question]));
  });
}

/** Looks names up in one namespace. */
export class Resolver {
  readonly #namespace: Namespace;
  readonly #name: string | undefined;
  readonly #servers: readonly string[] | undefined;
  readonly #connect: Connect;

  constructor(
    namespace: Namespace,
    name: string | undefined,
    servers: readonly string[] | undefined,
    connect: Connect,
  ) {
    this.#namespace = namespace;
    this.#name = name;
    this.#servers = servers;
    this.#connect = connect;
  }

  async #ask(config: ResolverConfig, name: string, type: number): Promise<Answer | undefined> {
    const { randomInt } = process.getBuiltinModule('node:crypto');
    for (let attempt = 0; attempt < config.attempts; attempt++) {
      for (const server of config.nameservers) {
        const question = encodeQuestion(randomInt(0x1_0000), name, type);
        const answer = await askByUdp(this.#namespace, server, question, type, config.timeout);
        if (answer === undefined) continue;
        if (answer.truncated) {
          const long = await askByTcp(this.#connect, server, question, type, config.timeout);
          if (long) return long;
        } else if (answer.code === 0 || answer.code === NO_SUCH_NAME) return answer;
      }
    }
    return undefined;
  }

  async #resolve(hostname: string, types: readonly number[]): Promise<string[]> {
    const read = resolverConfig(this.#name);
    const config = this.#servers ? { ...read, nameservers: this.#servers } : read;
    const dots = hostname.split('.').length - 1;
    const longer = config.search.map((domain) => `${hostname}.${domain}`);
    const names = hostname.endsWith('.')
      ? [hostname]
      : dots >= config.ndots
        ? [hostname, ...longer]
        : [...longer, hostname];
    let silent = false;
    for (const name of names) {
      const answers = await Promise.all(types.map((type) => this.#ask(config, name, type)));
      const addresses = answers.flatMap((answer) => answer?.addresses ?? []);
      if (addresses.length > 0) return addresses;
      silent ||= answers.includes(undefined);
    }
    throw lookupError(silent ? 'EAI_AGAIN' : 'ENOTFOUND', hostname);
  }

  /** All addresses of a name, in the order of hosts(5) or of the answers, IPv4 first. */
  async all(hostname: string, family: number | string = 0): Promise<LookupAddress[]> {
    const wanted = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : Number(family);
    const fits = (address: string) => wanted === 0 || isIP(address) === wanted;
    const known = isIP(hostname) ? [hostname] : knownAddresses(hostname, this.#name).filter(fits);
    const types = [...(wanted === 6 ? [] : [TYPE.A]), ...(wanted === 4 ? [] : [TYPE.AAAA])];
    const list = known.length > 0 ? known : await this.#resolve(hostname, types);
    return list.filter(fits).map((address) => ({ address, family: isIP(address) }));
  }

  /** In the form that the `lookup` option of Node's functions wants, as `dns.lookup`. */
  lookup = (
    hostname: string,
    options: LookupOptions,
    callback: (
      error: NodeJS.ErrnoException | null,
      address: string | LookupAddress[],
      family?: number,
    ) => void,
  ): void => {
    this.all(hostname, options.family).then(
      (list) => {
        const [first] = list;
        if (first === undefined) callback(lookupError('ENOTFOUND', hostname), '', 0);
        else if (options.all) callback(null, list);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, options.all ? [] : '', 0),
    );
  };
}
