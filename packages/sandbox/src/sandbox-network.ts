// The network of a sandbox, for the process that has created the sandbox.
import type { Namespace } from '@ns/core';
import { type Inside, openInside, Rtnetlink } from '@ns/net';

/** The network of a sandbox. */
export class SandboxNetwork {
  readonly #namespace: Namespace;
  #rtnetlink: Rtnetlink | undefined;
  #inside: Inside | undefined;

  /** @internal */
  constructor(namespace: Namespace) {
    this.#namespace = namespace;
  }

  /** Interfaces, addresses and routes inside. */
  get rtnetlink(): Rtnetlink {
    this.#rtnetlink ??= Rtnetlink.open({ in: this.#namespace });
    return this.#rtnetlink;
  }

  /**
   * Returns sockets of this process that live inside: servers, connections, agents.
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
      this.#rtnetlink?.close();
    } finally {
      this.#inside?.close();
    }
  }
}
