// The network of a sandbox: its namespace, the way outside, and the use of it from here.
import { Namespace, type NamespaceSpec } from '@ns/core';
import { createNatUplink, createUserUplink, type Inside, net, openInside, Route } from '@ns/net';
import type { PrivateNetwork, SandboxOptions } from './options.js';

/** What the commands have for a network: a new namespace, an existing one, or (undefined) the host's. */
export function networkOf({
  network = 'none',
}: SandboxOptions): NamespaceSpec | Namespace | undefined {
  if (network === 'host') return undefined;
  return Namespace.isNamespace(network) ? network : net();
}

/** For pasta(1), the gateway's address is the host's loopback otherwise, with all services there. */
const NO_HOST_LOOPBACK = ['--no-map-gw'];

/** A way outside, as long as it is not closed. */
export interface Uplink {
  close(): void | Promise<void>;
}

/** Whether the options ask for a way outside, which can be opened once the namespace is there. */
export function hasUplink({ network }: SandboxOptions): boolean {
  return network === 'private' || (typeof network === 'object' && !Namespace.isNamespace(network));
}

/** Opens the way outside that the options ask for. */
export async function openUplink(
  pid: number,
  options: SandboxOptions,
): Promise<Uplink | undefined> {
  if (!hasUplink(options)) return undefined;
  const { network } = options;
  const wanted = network === 'private' ? {} : (network as PrivateNetwork);
  const { uplink = 'auto', forward = [] } = wanted;
  if (uplink === 'nat') return createNatUplink(pid, { forward });
  if (uplink === 'slirp4netns') return createUserUplink(pid, { forward, tool: uplink });
  try {
    return await createUserUplink(pid, { forward, tool: 'pasta', args: NO_HOST_LOOPBACK });
  } catch (error) {
    if (uplink === 'pasta' || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return createUserUplink(pid, { forward, tool: 'slirp4netns' });
  }
}

/** The network of a sandbox, for the program that runs it. */
export class SandboxNetwork {
  readonly #namespace: Namespace;
  #route: Route | undefined;
  #inside: Inside | undefined;

  /** @internal */
  constructor(namespace: Namespace) {
    this.#namespace = namespace;
  }

  /** Interfaces, addresses and routes inside. */
  get route(): Route {
    this.#route ??= Route.open({ in: this.#namespace });
    return this.#route;
  }

  /**
   * Sockets of this process that live inside: servers, connections, agents.
   *
   * @example box.net.inside().connect(8080)
   */
  inside(): Inside {
    this.#inside ??= openInside(this.#namespace);
    return this.#inside;
  }

  /** @internal */
  close(): void {
    try {
      this.#route?.close();
    } finally {
      this.#inside?.close();
    }
  }
}
