// slirp4netns(1): a network stack in user space, which needs no privileges.
import type { Socket } from 'node:net';
import type { Forward } from './port-forward.js';

const MTU = 65_520;
/** Bytes of an answer of its API. */
const LONGEST = 64 * 1024;

/** The descriptors by which it says that it is ready, and sees that it is to end. */
export const READY_FD = 3;
const EXIT_FD = 4;

/** Returns its arguments. By its own default, its gateway is the loopback of the host. */
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
    `--ready-fd=${READY_FD}`,
    `--exit-fd=${EXIT_FD}`,
    ...(api === undefined ? [] : [`--api-socket=${api}`]),
    ...more,
    String(pid),
    device,
  ];
}

/** Reads an answer. It comes from a program that parses what strangers send (SECURITY.md S4). */
async function answerOf(socket: Socket): Promise<unknown> {
  let answer = '';
  for await (const chunk of socket) {
    answer += String(chunk);
    if (answer.length > LONGEST) throw new Error('its answer is too long');
  }
  return JSON.parse(answer);
}

/** Leads a port of the host inside, by its API socket. */
export async function addSlirpForward(
  api: string,
  { protocol, host, inside }: Forward,
  timeout: number,
): Promise<void> {
  const socket = process.getBuiltinModule('node:net').connect(api);
  const request = {
    execute: 'add_hostfwd',
    arguments: { proto: protocol, host_addr: '127.0.0.1', host_port: host, guest_port: inside },
  };
  const timer = setTimeout(() => socket.destroy(new Error('no answer in time')), timeout);
  try {
    socket.end(JSON.stringify(request));
    const answer = (await answerOf(socket)) as { error?: { desc?: unknown } } | null;
    if (answer?.error) throw new Error(String(answer.error.desc ?? 'no reason given'));
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`cannot forward port ${host} by slirp4netns: ${message}`, { cause: error });
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
