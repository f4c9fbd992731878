// memory.reclaim: reclaims memory before the machine needs it.
import { constants } from 'node:fs';
import { isSystemError, type Size } from '@ns/core';
import { type Members, parse } from '@ns/core/authors';
import { closeFd, syscallAsync } from '@ns/core/sys';
import { type ControlFiles, fileError } from './control-files.js';
import { bytes, integer } from './limit-values.js';

/** Options of {@link Cgroup.reclaim}. */
export interface ReclaimOptions {
  /** From 0, file pages only, to 200, anonymous memory only. Linux 6.11. Default: the machine's. */
  swappiness?: number | undefined;
}

const parseReclaim = parse.options({
  swappiness: integer(0, 200),
} satisfies Members<ReclaimOptions>);

/** Writes the file on a thread of the pool: the call returns when the memory is reclaimed. */
export async function reclaim(
  files: ControlFiles,
  size: Size,
  options: ReclaimOptions,
): Promise<void> {
  const { swappiness } = parseReclaim(options);
  const amount = bytes(size, 'size');
  const value = swappiness === undefined ? amount : `${amount} swappiness=${swappiness}`;
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
