// slirp4netns(1): a network stack in user space, which needs no privileges.
import type { PortForward } from './nft.js';

const MTU = 65_520;

/** Its arguments: descriptors 3 and 4 say that it is ready, and that it is to end. */
export function slirpArguments(
  pid: number,
  device: string,
  api: string | undefined,
  more: readonly string[],
): string[] {
  return [
    '--configure',
    `--mtu=${MTU}`,
    '--disable-host-loopback',
    '--ready-fd=3',
    '--exit-fd=4',
    ...(api === undefined ? [] : [`--api-socket=${api}`]),
    ...more,
    String(pid),
    device,
  ];
}

/** Leads a port of the host inside, by its API socket. */
export async function addSlirpForward(api: string, forward: PortForward): Promise<void> {
  const { protocol = 'tcp', host, inside = host } = forward;
  const { connect } = process.getBuiltinModule('node:net');
  const { text } = process.getBuiltinModule('node:stream/consumers');
  const socket = connect(api);
  const request = {
    execute: 'add_hostfwd',
    arguments: { proto: protocol, host_addr: '127.0.0.1', host_port: host, guest_port: inside },
  };
  socket.end(JSON.stringify(request));
  const answer = JSON.parse(await text(socket)) as { error?: { desc?: string } };
  if (answer.error) {
    throw new Error(
      `slirp4netns does not forward port ${host}: ${answer.error.desc ?? 'no reason given'}`,
    );
  }
}
