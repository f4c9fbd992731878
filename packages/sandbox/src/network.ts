// The network of a sandbox: its namespace, the way outside, and the use of it from here.
import { Namespace, type NamespaceSpec } from '@ns/core';
import { type Inside, inside, net, Route, type UserUplink, userUplink } from '@ns/net';
import type { PrivateNetwork, SandboxOptions } from './options.js';

/** What the commands have for a network: a new namespace, an existing one, or (undefined) the host's. */
export function networkOf({
  network = 'none',
}: SandboxOptions): NamespaceSpec | Namespace | undefined {
  if (network === 'host') return undefined;
  return Namespace.isNamespace(network) ? network : net();
}

/** Opens the way outside that the options ask for. */
export async function openUplink(
  pid: number,
  network: SandboxOptions['network'],
): Promise<UserUplink | undefined> {
  if (network === undefined || network === 'none' || network === 'host') return undefined;
  if (Namespace.isNamespace(network)) return undefined;
  const { uplink = 'auto', forward = [] }: PrivateNetwork = network === 'private' ? {} : network;
  return userUplink(pid, { forward, ...(uplink === 'auto' ? {} : { tool: uplink }) });
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
    this.#inside ??= inside(this.#namespace);
    return this.#inside;
  }

  /** @internal */
  close(): void {
    this.#route?.close();
    this.#inside?.close();
  }
}
