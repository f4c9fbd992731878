// Memory of jobs: native, because a child goes on reading it whatever the JavaScript heap does.

import { closeFd } from '../sys/fd.js';
import { rawMap, viewOf } from '../sys/native.js';
import { syscall } from '../sys/syscall.js';
import { SystemError } from '../sys/system-error.js';

const SMALLEST = 65536;
const POOLED = 64;

/** Memory for one job. */
export interface Arena {
  readonly address: number;
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Descriptor through which another process can map it; -1 if private. */
  readonly fd: number;
}

const pool: Arena[] = [];

function map(fd: number, size: number): Arena {
  const address = Number(rawMap(fd, size));
  if (address < 0) throw new SystemError(-address, 'mmap', [null, size]);
  const buffer = viewOf(BigInt(address), size);
  return { address, size, fd, bytes: new Uint8Array(buffer), view: new DataView(buffer) };
}

function roundUp(size: number): number {
  let rounded = SMALLEST;
  while (rounded < size) rounded *= 2;
  return rounded;
}

/** Private memory, for a child that execs while its parent's thread is suspended. */
export function takePrivateArena(size: number): Arena {
  return (size <= SMALLEST && pool.pop()) || map(-1, roundUp(size));
}

/** Opens an empty file for the memory of a job that the runner maps as well. */
export function openJob(): number {
  return syscall('memfd_create', 'ns-job', MFD_CLOEXEC);
}

/** Maps the file of a job with at least this size. On success the file belongs to the arena. */
export function mapJob(fd: number, size: number): Arena {
  const rounded = roundUp(size);
  syscall('ftruncate', fd, rounded);
  return map(fd, rounded);
}

/** Gives memory back, with its file. No child may be using it any more. */
export function releaseArena(arena: Arena): void {
  if (arena.fd === -1 && arena.size === SMALLEST && pool.length < POOLED) {
    pool.push(arena);
    return;
  }
  syscall('munmap', arena.address, arena.size);
  if (arena.fd !== -1) closeFd(arena.fd);
}

const MFD_CLOEXEC = 1;
