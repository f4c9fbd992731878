// Loop devices: files as block devices.
import { closeSync, constants, openSync } from 'node:fs';
import { isSystemError } from '@ns/core';
import { assertKeys, ownOptions } from '@ns/core/authors';
import { syscall } from '@ns/core/sys';
import { assertCount, assertFlag, assertPath } from './checks.js';

/** Options of {@link LoopDevice.open}. */
export interface LoopOptions {
  /** Where in the file the device begins, in bytes. Default: 0. */
  offset?: number;
  /** Size of the device in bytes. Default: the rest of the file. */
  size?: number;
  /** Allow no writing. Default: true. */
  readonly?: boolean;
}

const CONTROL = '/dev/loop-control';
const LOOP_CTL_GET_FREE = 0x4c82;
const LOOP_CONFIGURE = 0x4c0a;
const LO_FLAGS_READ_ONLY = 1;
const LO_FLAGS_AUTOCLEAR = 4;
// struct loop_config: fd, block_size, struct loop_info64 with these offsets, reserved.
const CONFIG = { size: 304, fd: 0, offset: 8 + 24, sizeLimit: 8 + 32, flags: 8 + 52, name: 8 + 56 };
const NAME_SIZE = 64;

/** Binds the file to a free device. Another process may be faster, so it is tried again. */
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
 * A file as a block device. The kernel frees the device when it is closed and no mount uses it any
 * more: after {@link close}, unmounting is enough.
 *
 * Needs root, and /dev/loop-control. Linux 5.8.
 *
 * @example
 * using loop = LoopDevice.open('/srv/root.squashfs');
 * attach({ type: 'other', filesystem: 'squashfs', source: loop.path, readonly: true, target: '/mnt' });
 * @see loop(4)
 */
export class LoopDevice implements Disposable {
  /** Path of the device: `'/dev/loop0'`. */
  readonly path: string;
  #fd: number;

  private constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  /**
   * Makes a file a device.
   *
   * @throws {Error} ENOENT without the file or /dev/loop-control, EACCES
   * @throws {SystemError} EPERM, EINVAL for a file that has no blocks
   */
  static open(file: string, options: LoopOptions = {}): LoopDevice {
    assertPath(file, 'file');
    assertKeys(options, ['offset', 'size', 'readonly'], 'options');
    const { offset = 0, size = 0, readonly = true } = ownOptions(options);
    assertCount(offset, 'offset');
    assertCount(size, 'size');
    assertFlag(readonly, 'readonly');
    const mode = readonly ? constants.O_RDONLY : constants.O_RDWR;
    const backing = openSync(file, mode);
    try {
      const config = new DataView(new ArrayBuffer(CONFIG.size));
      config.setUint32(CONFIG.fd, backing, true);
      config.setBigUint64(CONFIG.offset, BigInt(offset), true);
      config.setBigUint64(CONFIG.sizeLimit, BigInt(size), true);
      const flags = LO_FLAGS_AUTOCLEAR | (readonly ? LO_FLAGS_READ_ONLY : 0);
      config.setUint32(CONFIG.flags, flags, true);
      Buffer.from(config.buffer).write(file, CONFIG.name, NAME_SIZE - 1);
      const { path, fd } = configure(config, mode);
      return new LoopDevice(path, fd);
    } finally {
      closeSync(backing);
    }
  }

  /** Lets go of the device; again is no error. */
  close(): void {
    if (this.#fd < 0) return;
    closeSync(this.#fd);
    this.#fd = -1;
  }

  /** As {@link close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
