// Limits of an IPC namespace: /proc/sys/kernel and /proc/sys/fs/mqueue.
import { assertKeys, ownOptions, targetOf } from '@ns/core/authors';
import { readFileIn, writeFileIn } from './files.js';
import type { InOptions } from './target.js';

/** Limits of an IPC namespace. @see sysvipc(7), mq_overview(7), proc_sys_kernel(5) */
export interface IpcLimits {
  /** Most bytes of a shared memory segment. */
  shmmax: bigint;
  /** Most pages of all shared memory together. */
  shmall: bigint;
  /** Most shared memory segments. */
  shmmni: bigint;
  /** Whether segments that nobody has attached are removed (1) or stay (0). */
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
  /** Most POSIX message queues; the privileged may exceed it. */
  queues_max: bigint;
  /** Most messages that a POSIX queue can hold. */
  msg_max: bigint;
  /** Most bytes of a message of a POSIX queue. */
  msgsize_max: bigint;
  /** Messages that a POSIX queue holds if its creator does not say. */
  msg_default: bigint;
  /** Bytes of its messages if its creator does not say. */
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

/** A number as the kernel takes it, whichever way it was given. */
export type LimitInput = bigint | number;

/**
 * The limits of an IPC namespace. What the kernel was built without is missing.
 *
 * @throws {SystemError} EPERM if the namespace of `in` may not be joined
 * @see ipcs(1) `--limits`
 */
export function readLimits(options: InOptions = {}): Partial<IpcLimits> {
  const target = targetOf(options);
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

/** Checked limits as files and their texts; `current` gives the file `sem` as it is. */
export function limitTexts(
  limits: Readonly<Partial<Record<keyof IpcLimits, LimitInput>>>,
  current: () => string,
): [path: string, text: string][] {
  assertKeys(limits, known, 'limits');
  const own = ownOptions(limits);
  const given = Object.entries(own).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) {
      throw new TypeError(`limits.${name} must be an integer: ${String(value)}`);
    }
    const least = name.endsWith('_next_id') ? -1 : 0;
    if (value < least || BigInt(value) >= 2n ** 64n) {
      throw new RangeError(`limits.${name} must be from ${least} to 2^64 - 1: ${value}`);
    }
  }
  const texts = given
    .filter(([name]) => !isSem(name))
    .map(([name, value]): [string, string] => [pathOf(name), String(value)]);
  if (given.some(([name]) => isSem(name))) {
    const old = numbersOf(current());
    texts.push([pathOf('sem'), sem.map((name, i) => own[name] ?? old[i]).join(' ')]);
  }
  return texts;
}

/**
 * Sets limits of an IPC namespace; those that are left out stay. Needs CAP_SYS_RESOURCE or uid 0 in
 * the user namespace that owns it; the `next_id`s need CAP_CHECKPOINT_RESTORE.
 *
 * @throws {TypeError | RangeError} for what is not a limit or not an integer
 * @throws {Error} with code EACCES or EPERM without the privilege, EINVAL beyond what the kernel takes
 * @see proc_sys_kernel(5), sysctl(8)
 */
export function setLimits(
  limits: Readonly<Partial<Record<keyof IpcLimits, LimitInput>>>,
  options: InOptions = {},
): void {
  const target = targetOf(options);
  const texts = limitTexts(limits, () => readFileIn(target, pathOf('sem')));
  for (const [path, text] of texts) writeFileIn(target, path, text);
}
