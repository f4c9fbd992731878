// memory.reclaim: memory is taken back before the machine needs it.
import { constants } from 'node:fs';
import { isSystemError } from '@ns/core';
import { closeFd, syscallAsync } from '@ns/core/sys';
import { type ControlFiles, fileError } from './files.js';
import { bytes, integer, type Size } from './values.js';

/** Options of {@link Cgroup.reclaim}. */
export interface ReclaimOptions {
  /** From 0, file pages only, to 200, anonymous memory only. Linux 6.11. Default: the machine's. */
  swappiness?: number;
}

/** Writes the file on a thread of the pool: the kernel works until it has the memory. */
export async function reclaim(
  files: ControlFiles,
  size: Size,
  { swappiness }: ReclaimOptions,
): Promise<void> {
  const value =
    swappiness === undefined
      ? bytes('size', size)
      : `${bytes('size', size)} swappiness=${integer('swappiness', swappiness, 0, 200)}`;
  const text = new TextEncoder().encode(value);
  const fd = files.openFile('memory.reclaim', constants.O_WRONLY);
  try {
    await syscallAsync('write', fd, text, text.length);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw fileError(error.errno, 'write', `${files.path}/memory.reclaim`, value);
  } finally {
    closeFd(fd);
  }
}
