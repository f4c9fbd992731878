// For tests: the netlink messages that a tool of iproute2 sends, and those that we would.
import { spawnSync } from 'node:child_process';
import type { Device } from '../rtnetlink/device.js';
import type { RTM } from '../rtnetlink/message-types.js';
import { Context } from '../rtnetlink/request-context.js';

/**
 * The bodies of the messages that a command sends, without their headers, read by strace(1). The
 * kernel may refuse them: what it lacks is sent all the same.
 */
export function sentBy(command: string, ...args: string[]): Buffer[] {
  const { stderr, error } = spawnSync(
    'strace',
    ['-qq', '-e', 'trace=sendmsg,sendto', '-e', 'write=all', '-s', '0', command, ...args],
    { encoding: 'utf8' },
  );
  if (error) throw error;
  const messages: string[] = [];
  for (const line of stderr.split('\n')) {
    if (/^ \* \d+ bytes in buffer 0|^sendto\(/.test(line)) messages.push('');
    const [, hex] = /^ \| [0-9a-f]{5} ((?: {1,2}[0-9a-f]{2}){1,16})/.exec(line) ?? [];
    if (hex !== undefined && messages.length > 0) {
      messages[messages.length - 1] += hex.replaceAll(' ', '');
    }
  }
  return messages.map((hex) => Buffer.from(hex, 'hex').subarray(16));
}

/** A context that keeps what it would send. Every interface has the index 1. */
export class Recorder extends Context {
  readonly bodies: Buffer[] = [];

  constructor() {
    super(undefined, () => {
      throw new Error('no other socket is needed');
    });
  }

  override send(_type: keyof typeof RTM, _flags: number, body: Uint8Array): void {
    this.bodies.push(Buffer.from(body));
  }

  override index(_device: Device): number {
    return 1;
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }
}
