// The network of a sandbox: its namespace, and the way outside.
import { Namespace, type NamespaceSpec } from '@ns/core';
import { createNatUplink, createUserUplink, net } from '@ns/net';
import type { Settings } from '../options/members.js';

type NetworkSettings = Pick<Settings, 'network'>;

/** Returns a new network namespace, an existing one, or undefined for the host's. */
export function networkNamespace({
  network,
}: NetworkSettings): NamespaceSpec | Namespace | undefined {
  if (network === 'host') return undefined;
  return Namespace.isNamespace(network) ? network : net();
}

/** For pasta(1), the gateway's address is the host's loopback otherwise, with all services there. */
const NO_HOST_LOOPBACK = ['--no-map-gw'];

/** A way outside, until it is closed. */
export interface Uplink {
  close(): void | Promise<void>;
}

function uplinkOf({ network }: NetworkSettings) {
  return typeof network === 'object' && !Namespace.isNamespace(network) ? network : undefined;
}

/** Returns true for settings with a way outside, which can be opened once the namespace is there. */
export function hasUplink(settings: NetworkSettings): boolean {
  return uplinkOf(settings) !== undefined;
}

/** Opens the way outside; undefined for settings without one. */
export async function openUplink(
  pid: number,
  settings: NetworkSettings,
): Promise<Uplink | undefined> {
  const network = uplinkOf(settings);
  if (network === undefined) return undefined;
  const { uplink, hostAccess } = network;
  const forward = network.forward.map(({ host, inside = host, protocol }) => ({
    host,
    inside,
    protocol,
  }));
  if (uplink === 'nat') return createNatUplink(pid, { forward, hostAccess });
  if (uplink === 'slirp4netns') return createUserUplink(pid, { forward, tool: uplink });
  try {
    return await createUserUplink(pid, { forward, tool: 'pasta', args: NO_HOST_LOOPBACK });
  } catch (error) {
    if (uplink === 'pasta' || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return createUserUplink(pid, { forward, tool: 'slirp4netns' });
  }
}
