// Attributes of the child's process: limits, priority, mask, processors. Types, checks, calls.
import { availableParallelism } from 'node:os';
import { assertKeys, checkBoolean, checkInteger, fail, ownOptions } from '../contract/arguments.js';
import type { Program } from '../program/program.js';
import { O_CLOEXEC } from '../sys/fd.js';
import { AT, PR } from '../sys/flags.js';

const RESOURCES = {
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  rss: 5,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
  locks: 10,
  sigpending: 11,
  msgqueue: 12,
  nice: 13,
  rtprio: 14,
  rttime: 15,
} as const;

/** A limit of setrlimit(2), in lower case and without its prefix: `nofile`, `as`, `nproc`, ... */
export type ResourceName = keyof typeof RESOURCES;

/** A resource limit: one number for both, or soft and hard. `Infinity` is no limit. */
export type ResourceLimit = number | { readonly soft: number; readonly hard: number };

/** Options of a child's process beyond those of child_process. */
export interface ProcessAttributes {
  /** Resource limits, in the units of setrlimit(2). Raising a hard one needs CAP_SYS_RESOURCE. */
  rlimits?: Readonly<Partial<Record<ResourceName, ResourceLimit>>>;
  /** Nice value from -20 (urgent) to 19. Lowering it needs CAP_SYS_NICE. */
  nice?: number;
  /** File mode creation mask, 0 to 0o777. */
  umask?: number;
  /** No exec gives the command more privileges than it has (setuid files, file capabilities). */
  noNewPrivileges?: boolean;
  /**
   * A filter of system calls, for the command and all its descendants: a program of struct
   * sock_filter, 8 bytes each. Needs `noNewPrivileges`, or CAP_SYS_ADMIN in the child's user namespace.
   *
   * @see seccomp(2)
   */
  seccomp?: Uint8Array;
  /** Processors the command may run on, by number. */
  cpuAffinity?: readonly number[];
  /** How gladly the kernel ends it when memory runs out: -1000 (never) to 1000. Lowering it needs CAP_SYS_RESOURCE. */
  oomScoreAdjust?: number;
  /** Process group to be in; 0 for one of its own, as its leader. */
  processGroup?: number;
}

const U64_MAX = 2n ** 64n - 1n;
const PRIO_PROCESS = 0;
const O_WRONLY = 1;
const SECCOMP_SET_MODE_FILTER = 1;
const SOCK_FILTER = 8;
const MAX_FILTERS = 4096;

function limitWord(name: string, value: unknown): bigint {
  if (value === Number.POSITIVE_INFINITY) return U64_MAX;
  if (value === undefined) fail(name, 'a number', value);
  checkInteger(name, value, 0, Number.MAX_SAFE_INTEGER);
  return BigInt(value as number);
}

function limitPair(name: string, limit: ResourceLimit): [soft: bigint, hard: bigint] {
  if (typeof limit !== 'number') assertKeys(limit, ['soft', 'hard'], `rlimits.${name}`);
  const { soft, hard } =
    typeof limit === 'number' ? { soft: limit, hard: limit } : ownOptions(limit);
  const pair: [bigint, bigint] = [
    limitWord(`rlimits.${name}`, soft),
    limitWord(`rlimits.${name}`, hard),
  ];
  if (pair[0] > pair[1]) throw new RangeError(`rlimits.${name}: soft is above hard`);
  return pair;
}

function checkFilter(filter: unknown): void {
  if (filter === undefined) return;
  if (!(filter instanceof Uint8Array)) {
    throw new TypeError(`seccomp must be the bytes of a filter: ${String(filter)}`);
  }
  const { length } = filter;
  if (length === 0 || length % SOCK_FILTER !== 0 || length > MAX_FILTERS * SOCK_FILTER) {
    throw new RangeError(
      `seccomp must have 1 to ${MAX_FILTERS} filters of 8 bytes: ${length} bytes`,
    );
  }
}

/** Throws for values that no kernel takes. */
export function checkAttributes(attributes: ProcessAttributes): void {
  const { rlimits = {}, cpuAffinity, noNewPrivileges } = attributes;
  assertKeys(rlimits, Object.keys(RESOURCES), 'rlimits');
  for (const [name, limit] of Object.entries(rlimits)) {
    if (limit !== undefined) limitPair(name, limit);
  }
  checkInteger('nice', attributes.nice, -20, 19);
  checkInteger('umask', attributes.umask, 0, 0o777);
  checkInteger('oomScoreAdjust', attributes.oomScoreAdjust, -1000, 1000);
  checkInteger('processGroup', attributes.processGroup, 0, 0x7fff_ffff);
  checkFilter(attributes.seccomp);
  checkBoolean('noNewPrivileges', noNewPrivileges);
  if (cpuAffinity === undefined) return;
  if (!Array.isArray(cpuAffinity) || cpuAffinity.length === 0) {
    throw new TypeError('cpuAffinity must be an array of processor numbers');
  }
  cpuAffinity.forEach((cpu, i) => {
    checkInteger(`cpuAffinity[${i}]`, cpu, 0, 8191);
  });
}

function processorSet(cpus: readonly number[]): Uint8Array {
  const words = Math.floor(Math.max(availableParallelism() - 1, ...cpus) / 64) + 1;
  const set = new Uint8Array(words * 8);
  for (const cpu of cpus) set[cpu >> 3] = (set[cpu >> 3] ?? 0) | (1 << (cpu & 7));
  return set;
}

/** Calls that want the privileges which the child may give up later. */
export function setPrivilegedAttributes(program: Program, attributes: ProcessAttributes): void {
  const { rlimits = {}, nice, cpuAffinity, oomScoreAdjust, processGroup } = attributes;
  if (processGroup !== undefined) program.call('setpgid', 0, processGroup);
  if (nice !== undefined) program.call('setpriority', PRIO_PROCESS, 0, nice);
  if (cpuAffinity) {
    const set = processorSet(cpuAffinity);
    program.call('sched_setaffinity', 0, set.length, set, { step: 'setting cpuAffinity' });
  }
  for (const [name, limit] of Object.entries(rlimits)) {
    if (limit === undefined) continue;
    const pair = BigUint64Array.from(limitPair(name, limit));
    const resource = RESOURCES[name as ResourceName];
    program.call('prlimit64', 0, resource, new Uint8Array(pair.buffer), null, {
      step: `setting rlimits.${name}`,
      part: 'limits',
      hint: 'Raising a hard limit needs CAP_SYS_RESOURCE.',
    });
  }
  if (oomScoreAdjust !== undefined) {
    const text = String(oomScoreAdjust);
    const step = 'setting oomScoreAdjust';
    const flags = O_WRONLY | O_CLOEXEC;
    const fd = program.call('openat', AT.FDCWD, '/proc/self/oom_score_adj', flags, 0, { step });
    program.call('write', fd, text, text.length, {
      step,
      hint: 'Lowering it needs CAP_SYS_RESOURCE.',
    });
    program.call('close', fd);
  }
}

/** Returns struct sock_fprog of a filter: how many instructions, and where. */
export function filterList(program: Program, filter: Uint8Array): Uint8Array {
  const list = new DataView(new ArrayBuffer(16));
  list.setUint16(0, filter.length / SOCK_FILTER, true);
  const bytes = new Uint8Array(list.buffer);
  program.store(filter, bytes, 8, 8);
  return bytes;
}

function addFilter(program: Program, filter: Uint8Array): void {
  program.call('seccomp', SECCOMP_SET_MODE_FILTER, 0, filterList(program, filter), {
    step: 'filtering its system calls',
    part: 'seccomp',
    hint: 'It needs noNewPrivileges, or CAP_SYS_ADMIN.',
  });
}

/** Calls right before exec: what would be in the way of the program itself. */
export function setLastAttributes(program: Program, attributes: ProcessAttributes): void {
  const { umask, noNewPrivileges, seccomp } = attributes;
  if (umask !== undefined) program.call('umask', umask);
  if (noNewPrivileges) program.call('prctl', PR.SET_NO_NEW_PRIVS, 1, 0, 0, 0, { part: 'seccomp' });
  if (seccomp) addFilter(program, seccomp);
}
