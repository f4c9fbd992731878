// Loop devices: files as block devices.
import { closeSync, constants, openSync } from 'node:fs';
import { isSystemError, type Size } from '@ns/core';
import { type Members, parse } from '@ns/core/authors';
import { syscall } from '@ns/core/sys';

/** Options of {@link LoopDevice.create}. */
export interface LoopOptions {
  /** First byte of the file that the device shows. Default: 0. */
  offset?: Size | undefined;
  /** Size of the device. Default: the rest of the file. */
  size?: Size | undefined;
  /** Refuse writing. Default: true. */
  readonly?: boolean | undefined;
}

const parseOptions = parse.options({
  offset: parse.withDefault(parse.size, 0),
  size: parse.withDefault(parse.size, 0),
  readonly: parse.withDefault(parse.boolean, true),
} satisfies Members<LoopOptions>);

const CONTROL = '/dev/loop-control';
const LOOP_CTL_GET_FREE = 0x4c82;
const LOOP_CONFIGURE = 0x4c0a;
const LO_FLAGS_READ_ONLY = 1;
const LO_FLAGS_AUTOCLEAR = 4;
// struct loop_config: fd, block_size, struct loop_info64 with these offsets, reserved.
const CONFIG = { size: 304, fd: 0, offset: 8 + 24, sizeLimit: 8 + 32, flags: 8 + 52, name: 8 + 56 };
const NAME_SIZE = 64;

/** Binds the file to a free device. If another process takes that device first, the next one is tried. */
function configure(config: DataView, mode: number): { path: string; fd: number } {
  const control = openSync(CONTROL, constants.O_RDWR);
  try {
    for (;;) {
      const path = `/dev/loop${syscall('ioctl', control, LOOP_CTL_GET_FREE, 0)}`;
      const fd = openSync(path, mode);
      try {
        syscall('ioctl', fd, LOOP_CONFIGURE, config);
        return { path, fd };
      } catch (error) {
        closeSync(fd);
        if (!isSystemError(error, 'EBUSY')) throw error;
      }
    }
  } finally {
    closeSync(control);
  }
}

/**
 * A file as a block device. The kernel frees the device once it is closed and its last mount is gone:
 * after {@link close}, unmounting is enough.
 *
 * Needs root, and /dev/loop-control. Linux 5.8.
 *
 * @example
 * using loop = LoopDevice.create('/srv/root.squashfs');
 * attach({ type: 'other', filesystem: 'squashfs', source: loop.path, readonly: true, target: '/mnt' });
 * @see loop(4)
 */
export class LoopDevice implements Disposable {
  /** Path of the device: `'/dev/loop0'`. */
  readonly path: string;
  /** True if writing is refused. */
  readonly readonly: boolean;
  #fd: number;

  private constructor(path: string, readonly: boolean, fd: number) {
    this.path = path;
    this.readonly = readonly;
    this.#fd = fd;
  }

  /**
   * Makes a file a block device.
   *
   * @throws {Error} ENOENT without the file or /dev/loop-control, EACCES
   * @throws {SystemError} EPERM, EINVAL for a file that has no blocks
   */
  static create(file: string, options: LoopOptions = {}): LoopDevice {
    const path = parse.path(file, 'file');
    const { offset, size, readonly } = parseOptions(options);
    const mode = readonly ? constants.O_RDONLY : constants.O_RDWR;
    const backing = openSync(path, mode);
    try {
      const config = new DataView(new ArrayBuffer(CONFIG.size));
      config.setUint32(CONFIG.fd, backing, true);
      config.setBigUint64(CONFIG.offset, BigInt(offset), true);
      config.setBigUint64(CONFIG.sizeLimit, BigInt(size), true);
      const flags = LO_FLAGS_AUTOCLEAR | (readonly ? LO_FLAGS_READ_ONLY : 0);
      config.setUint32(CONFIG.flags, flags, true);
      Buffer.from(config.buffer).write(path, CONFIG.name, NAME_SIZE - 1);
      const device = configure(config, mode);
      return new LoopDevice(device.path, readonly, device.fd);
    } finally {
      closeSync(backing);
    }
  }

  /** Closes the device, which the kernel frees with its last mount. A second call does nothing. */
  close(): void {
    if (this.#fd < 0) return;
    closeSync(this.#fd);
    this.#fd = -1;
  }

  /** Closes the device, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
