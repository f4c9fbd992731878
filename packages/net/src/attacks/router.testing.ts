// For attacks: a host between two networks, each with a machine on it. All three are namespaces.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Namespace } from '@ns/core';
import { createNamespace } from '@ns/core';
import { openInside } from '../inside/inside.js';
import { isolatedNet } from '../isolated.js';
import { Rtnetlink } from '../rtnetlink/rtnetlink.js';
import { readSysctl, writeSysctl } from '../sysctl.js';

/** Milliseconds after which a connection counts as one that nothing answers. */
const PATIENCE = 2000;

/** Connects a machine by a cable; its way to everything else is the host. */
function machine(host: Namespace, dev: string, network: string): Namespace {
  const namespace = createNamespace(isolatedNet());
  using rtnetlink = Rtnetlink.open({ in: host });
  using there = Rtnetlink.open({ in: namespace });
  rtnetlink.links.add({ kind: 'veth', name: dev, up: true, peer: { name: 'eth0', namespace } });
  rtnetlink.addresses.add({ dev, address: `${network}.1/24` });
  there.links.up('eth0');
  there.addresses.add({ dev: 'eth0', address: `${network}.2/24` });
  there.routes.add({ dst: 'default', gateway: `${network}.1` });
  return namespace;
}

/** Connects to a server and returns its answer, or the code of the error. */
export async function ask(from: Namespace, host: string, port: number): Promise<string> {
  using place = openInside(from);
  const socket = place.connect({ host, port });
  const timer = setTimeout(() => {
    socket.destroy(Object.assign(new Error('nothing answers'), { code: 'SILENCE' }));
  }, PATIENCE);
  try {
    return await text(socket);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    clearTimeout(timer);
  }
}

/** A server in a namespace that says its name and whom it sees. */
export async function serve(where: Namespace, port: number, name: string, host = '0.0.0.0') {
  using place = openInside(where);
  const server = createServer((socket) => socket.end(`${name} sees ${socket.remoteAddress}`));
  await place.listen(server, { port, host });
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

/**
 * The host, `near` (10.1.0.2, behind `lan1`) and `far` (10.2.0.2, behind `lan2`).
 *
 * @param forwards whether the host is a router for the two
 */
export function router(forwards: boolean) {
  const host = createNamespace(isolatedNet());
  const near = machine(host, 'lan1', '10.1.0');
  const far = machine(host, 'lan2', '10.2.0');
  writeSysctl('net.ipv4.ip_forward', forwards ? 1 : 0, { in: host });
  return {
    host,
    near,
    far,
    forwarding: (dev: string) => readSysctl(`net/ipv4/conf/${dev}/forwarding`, { in: host }),
    rules: () => host.enter(() => execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' })),
    [Symbol.dispose]() {
      for (const one of [far, near, host]) one.close();
    },
  };
}
