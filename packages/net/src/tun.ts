// TUN and TAP: interfaces whose packets this process reads and writes.
import { constants } from 'node:fs';
import { Duplex } from 'node:stream';
import { SystemError } from '@ns/core';
import { AT, type Members, parse } from '@ns/core/authors';
import { closeFd, errnoNumber, O_CLOEXEC, syscall, trySyscall, watch } from '@ns/core/sys';
import { type InNetOptions, inNet } from './in-net.js';
import { withNet } from './open-net.js';
import { linkName } from './rtnetlink/device.js';

const TUNSETIFF = 0x4004_54ca;
const IFF_TUN = 1;
const IFF_TAP = 2;
const IFF_NO_PI = 0x1000;
const IFREQ = 40;
const FLAGS_AT = 16;
/** The greatest packet with an Ethernet header and a tag. */
const LARGEST = 65_536;
const EAGAIN = errnoNumber('EAGAIN');
const EINTR = errnoNumber('EINTR');

/** Options of {@link openTun}. */
export interface TunOptions extends InNetOptions {
  /** `tun` carries IP packets, `tap` Ethernet frames. Default: tun. */
  mode?: 'tun' | 'tap' | undefined;
  /** Name of the interface; `%d` in it becomes a number. Default: `tun%d` or `tap%d`. */
  name?: string | undefined;
}

const parseTun = parse.options({
  in: inNet,
  mode: parse.withDefault(parse.oneOf('tun', 'tap'), 'tun'),
  name: linkName,
} satisfies Members<TunOptions>);

/**
 * The packets of an interface: each chunk read is one packet that was sent out by it, and each chunk
 * written is one that comes in. The interface is gone when the stream is closed.
 */
export class Tun extends Duplex {
  /** Name of the interface. */
  readonly ifname: string;
  readonly #fd: number;
  readonly #packet = Buffer.allocUnsafeSlow(LARGEST);
  #watch: ReturnType<typeof watch> | undefined;

  /** @internal */
  constructor(fd: number, ifname: string) {
    // Each packet stays one chunk.
    super({ readableObjectMode: true, decodeStrings: true });
    this.#fd = fd;
    this.ifname = ifname;
  }

  /** @internal */
  override _read(): void {
    this.#watch ??= watch(this.#fd, { readable: true }, () => this.#receive());
  }

  #receive(): void {
    for (;;) {
      const length = trySyscall('read', this.#fd, this.#packet, LARGEST);
      if (length === -EAGAIN) return;
      if (length === -EINTR) continue;
      if (length < 0) {
        this.destroy(new SystemError(-length, 'read', [this.#fd]));
        return;
      }
      if (this.push(Buffer.from(this.#packet.subarray(0, length)))) continue;
      // Without a reader, packets wait in the queue of the interface.
      this.#watch?.close();
      this.#watch = undefined;
      return;
    }
  }

  /** @internal */
  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    callback: (error?: Error) => void,
  ): void {
    const written = trySyscall('write', this.#fd, chunk, chunk.length);
    if (written >= 0) callback();
    else callback(new SystemError(-written, 'write', [this.#fd, chunk, chunk.length]));
  }

  /** @internal */
  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#watch?.close();
    this.#watch = undefined;
    closeFd(this.#fd);
    callback(error);
  }

  /** Closes the stream, and with it the interface. A second call does nothing. */
  override async [Symbol.asyncDispose](): Promise<void> {
    this.destroy();
    if (!this.closed) await new Promise<void>((resolve) => this.once('close', resolve));
  }
}

function open(mode: 'tun' | 'tap', name: string): Tun {
  const flags = constants.O_RDWR | constants.O_NONBLOCK | O_CLOEXEC;
  const fd = syscall('openat', AT.FDCWD, '/dev/net/tun', flags, 0);
  try {
    const ifreq = Buffer.alloc(IFREQ);
    ifreq.write(name);
    ifreq.writeUInt16LE((mode === 'tap' ? IFF_TAP : IFF_TUN) | IFF_NO_PI, FLAGS_AT);
    syscall('ioctl', fd, TUNSETIFF, ifreq);
    return new Tun(fd, ifreq.toString('utf8', 0, ifreq.indexOf(0)));
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/**
 * Makes an interface whose packets are this process's: `ip tuntap add`, and opens it. Bring it up
 * with {@link Rtnetlink}.
 *
 * Needs CAP_NET_ADMIN in the user namespace that owns the network namespace, and the right to enter
 * that.
 *
 * @throws {SystemError} EBUSY if the interface is open elsewhere, EPERM, ENOENT without /dev/net/tun
 * @throws {TypeError | RangeError} for a wrong name or mode
 * @see https://docs.kernel.org/networking/tuntap.html
 * @example
 * const tun = openTun({ in: lab, name: 'tun0' });
 * for await (const packet of tun) console.log(packet.length);
 */
export function openTun(options: TunOptions = {}): Tun {
  const { in: target, mode, name = `${mode}%d` } = parseTun(options);
  if (target === undefined) return open(mode, name);
  return withNet(target, (namespace) => namespace.enter(() => open(mode, name)));
}
