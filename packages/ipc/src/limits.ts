// Limits of an IPC namespace: /proc/sys/kernel and /proc/sys/fs/mqueue.
import type { InOptions, Namespace } from '@ns/core';
import { type Members, type Parser, parse, withTarget } from '@ns/core/authors';
import { parseIn } from './object-options.js';
import { readFileIn, writeFileIn } from './proc-files.js';

/** Limits of an IPC namespace. @see sysvipc(7), mq_overview(7), proc_sys_kernel(5) */
export interface IpcLimits {
  /** Most bytes of a shared memory segment. */
  shmmax: bigint;
  /** Most pages of all shared memory together. */
  shmall: bigint;
  /** Most shared memory segments. */
  shmmni: bigint;
  /** 1 if segments without attachments are removed, 0 if they stay. */
  shm_rmid_forced: bigint;
  /** Most semaphores of a set. */
  semmsl: bigint;
  /** Most semaphores of all sets together. */
  semmns: bigint;
  /** Most operations of one semop(2). */
  semopm: bigint;
  /** Most semaphore sets. */
  semmni: bigint;
  /** Most bytes of a message. */
  msgmax: bigint;
  /** Bytes of messages that a new queue holds. */
  msgmnb: bigint;
  /** Most message queues. */
  msgmni: bigint;
  /** Without effect since Linux 3.19. */
  auto_msgmni: bigint;
  /** Id of the next shared memory segment, once; -1 for any. */
  shm_next_id: bigint;
  /** Id of the next semaphore set, once; -1 for any. */
  sem_next_id: bigint;
  /** Id of the next message queue, once; -1 for any. */
  msg_next_id: bigint;
  /** Most POSIX message queues; CAP_SYS_RESOURCE may exceed it. */
  queues_max: bigint;
  /** Most messages that a POSIX queue can hold. */
  msg_max: bigint;
  /** Most bytes of a message of a POSIX queue. */
  msgsize_max: bigint;
  /** Default of `maxMessages` of a POSIX queue. */
  msg_default: bigint;
  /** Default of `messageSize` of a POSIX queue. */
  msgsize_default: bigint;
}

const kernel = [
  ...['shmmax', 'shmall', 'shmmni', 'shm_rmid_forced', 'sem', 'msgmax', 'msgmnb', 'msgmni'],
  ...['auto_msgmni', 'shm_next_id', 'sem_next_id', 'msg_next_id'],
];
const mqueue = ['queues_max', 'msg_max', 'msgsize_max', 'msg_default', 'msgsize_default'];
/** The fields of the file `sem`, in their order. */
const sem = ['semmsl', 'semmns', 'semopm', 'semmni'] as const;
const isSem = (name: string) => (sem as readonly string[]).includes(name);

const pathOf = (name: string) =>
  mqueue.includes(name) ? `/proc/sys/fs/mqueue/${name}` : `/proc/sys/kernel/${name}`;

const known = [...kernel.filter((name) => name !== 'sem'), ...sem, ...mqueue] as readonly string[];

const numbersOf = (text: string) => text.trim().split(/\s+/).map(BigInt);

/** A limit to write. */
export type LimitInput = bigint | number;

/** Limits to write. Those that are left out stay. */
export type LimitsToWrite = {
  readonly [Name in keyof IpcLimits]?: LimitInput | undefined;
};

function limit(least: bigint): Parser<bigint> {
  const expected = `an integer from ${least} to 2^64 - 1`;
  return (value, name) => {
    if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) {
      parse.refuse(name, expected, value);
    }
    const result = BigInt(value as LimitInput);
    return result >= least && result < 2n ** 64n ? result : parse.outOfRange(name, expected, value);
  };
}

const limitMembers = Object.fromEntries(
  known.map((name) => [name, limit(name.endsWith('_next_id') ? -1n : 0n)]),
) as Record<keyof IpcLimits, Parser<bigint>> satisfies Members<LimitsToWrite>;

/** Parses limits to write. */
export const parseLimits = parse.options(limitMembers);

/** {@link LimitsToWrite} in normal form. */
type ParsedLimits = ReturnType<typeof parseLimits>;

/**
 * Returns the limits of an IPC namespace. Limits that the kernel was built without are missing.
 *
 * @throws {SystemError} EPERM if the namespace of `in` may not be joined
 * @see ipcs(1) `--limits`
 */
export function readLimits(options: InOptions = {}): Partial<IpcLimits> {
  const { in: target } = parseIn(options);
  // Opened before a file is read: that a file is missing must not hide that the process is.
  return target === undefined ? limitsIn(target) : withTarget('ipc', target, limitsIn);
}

function limitsIn(target: Namespace | undefined): Partial<IpcLimits> {
  const limits: Partial<Record<string, bigint>> = {};
  for (const name of [...kernel, ...mqueue]) {
    let text: string;
    try {
      text = readFileIn(target, pathOf(name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw error;
    }
    const numbers = numbersOf(text);
    if (name !== 'sem') limits[name] = numbers[0];
    else for (const [i, field] of sem.entries()) limits[field] = numbers[i];
  }
  return limits as Partial<IpcLimits>;
}

/** Returns limits as files and their texts. @param current reads the file `sem` */
export function limitTexts(
  limits: ParsedLimits,
  current: () => string,
): [path: string, text: string][] {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  const texts = given
    .filter(([name]) => !isSem(name))
    .map(([name, value]): [string, string] => [pathOf(name), String(value)]);
  if (given.some(([name]) => isSem(name))) {
    const old = numbersOf(current());
    texts.push([pathOf('sem'), sem.map((name, i) => limits[name] ?? old[i]).join(' ')]);
  }
  return texts;
}

/**
 * Writes limits of an IPC namespace. Those that are left out stay. Needs CAP_SYS_RESOURCE or uid 0 in
 * the user namespace that owns it; the `next_id`s need CAP_CHECKPOINT_RESTORE.
 *
 * @throws {TypeError | RangeError} for an unknown limit or a value that is not an integer
 * @throws {Error} with code EACCES or EPERM without the privilege, EINVAL beyond the kernel's maximum
 * @see proc_sys_kernel(5), sysctl(8)
 */
export function writeLimits(limits: LimitsToWrite, options: InOptions = {}): void {
  const { in: target } = parseIn(options);
  const parsed = parseLimits(limits, 'limits');
  const write = (namespace?: Namespace) => {
    const texts = limitTexts(parsed, () => readFileIn(namespace, pathOf('sem')));
    for (const [path, text] of texts) writeFileIn(namespace, path, text);
  };
  if (target === undefined) write();
  else withTarget('ipc', target, write);
}
