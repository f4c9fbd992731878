// Attributes of the child's process: limits, priority, mask, processors. Types, parsers, calls.
import { availableParallelism } from 'node:os';
import type { Members, Parsed } from '../contract/options.js';
import * as parse from '../contract/parse.js';
import type { Parser } from '../contract/parser.js';
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

/** A resource limit: one number for both, or soft and hard. `Infinity` means unlimited. */
export type ResourceLimit = number | { readonly soft: number; readonly hard: number };

/** Options of a child's process beyond those of child_process. */
export interface ProcessAttributes {
  /** Resource limits, in the units of setrlimit(2). Raising a hard one needs CAP_SYS_RESOURCE. */
  rlimits?: Readonly<Partial<Record<ResourceName, ResourceLimit>>> | undefined;
  /** Nice value from -20 (urgent) to 19. Lowering it needs CAP_SYS_NICE. */
  nice?: number | undefined;
  /** File mode creation mask, 0 to 0o777. */
  umask?: number | undefined;
  /** No exec gives the command more privileges than it has (setuid files, file capabilities). */
  noNewPrivileges?: boolean | undefined;
  /**
   * A filter of system calls, for the command and all its descendants: a program of struct
   * sock_filter, 8 bytes each. Needs `noNewPrivileges`, or CAP_SYS_ADMIN in the child's user namespace.
   *
   * @see seccomp(2)
   */
  seccomp?: Uint8Array | undefined;
  /** Processors the command may run on, by number. */
  cpuAffinity?: readonly number[] | undefined;
  /** OOM killer score adjustment, -1000 (never killed) to 1000. Lowering it needs CAP_SYS_RESOURCE. */
  oomScoreAdjust?: number | undefined;
  /** Process group to be in; 0 for one of its own, as its leader. */
  processGroup?: number | undefined;
}

const U64_MAX = 2n ** 64n - 1n;
const PRIO_PROCESS = 0;
const O_WRONLY = 1;
const SECCOMP_SET_MODE_FILTER = 1;
const SOCK_FILTER = 8;
const MAX_FILTERS = 4096;

/** A resource limit. */
export interface Limit {
  readonly name: ResourceName;
  readonly soft: bigint;
  readonly hard: bigint;
}

const parseLimit: Parser<bigint> = (value, name) => {
  if (value === Number.POSITIVE_INFINITY) return U64_MAX;
  return BigInt(parse.integer(0)(value, name));
};

const parsePair = parse.options({
  soft: parse.required(parseLimit),
  hard: parse.required(parseLimit),
});

const parseLimitPair: Parser<Omit<Limit, 'name'>> = (value, name) => {
  if (typeof value === 'number') {
    const both = parseLimit(value, name);
    return { soft: both, hard: both };
  }
  const pair = parsePair(value, name);
  if (pair.soft > pair.hard) {
    throw new RangeError(`${name}.soft must be at most its hard limit, got ${pair.soft}`);
  }
  return pair;
};

const resourceNames = Object.keys(RESOURCES) as ResourceName[];
const parseLimitRecord = parse.options(
  Object.fromEntries(resourceNames.map((name) => [name, parseLimitPair])),
);

const parseLimits: Parser<readonly Limit[]> = (value, name) =>
  Object.entries(parseLimitRecord(value, name)).flatMap(([resource, pair]) =>
    pair ? [{ name: resource as ResourceName, soft: pair.soft, hard: pair.hard }] : [],
  );

const parseFilter: Parser<Uint8Array> = (value, name) => {
  if (!(value instanceof Uint8Array)) parse.refuse(name, 'the bytes of a filter', value);
  const { length } = value;
  if (length === 0 || length % SOCK_FILTER !== 0 || length > MAX_FILTERS * SOCK_FILTER) {
    throw new RangeError(
      `${name} must have 1 to ${MAX_FILTERS} instructions of 8 bytes, got ${length} bytes`,
    );
  }
  return value;
};

const parseProcessors: Parser<readonly number[]> = (value, name) => {
  const list = parse.list(parse.integer(0, 8191))(value, name);
  return list.length > 0 ? list : parse.refuse(name, 'an array of processor numbers', value);
};

/** The parsers of {@link ProcessAttributes}. */
export const attributeMembers = {
  rlimits: parseLimits,
  nice: parse.integer(-20, 19),
  umask: parse.integer(0, 0o777),
  noNewPrivileges: parse.withDefault(parse.boolean, false),
  seccomp: parseFilter,
  cpuAffinity: parseProcessors,
  oomScoreAdjust: parse.integer(-1000, 1000),
  processGroup: parse.integer(0, 0x7fff_ffff),
} satisfies Members<ProcessAttributes>;

/** The normal form of {@link ProcessAttributes}. */
export type Attributes = Parsed<typeof attributeMembers>;

function processorSet(cpus: readonly number[]): Uint8Array {
  const words = Math.floor(Math.max(availableParallelism() - 1, ...cpus) / 64) + 1;
  const set = new Uint8Array(words * 8);
  for (const cpu of cpus) set[cpu >> 3] = (set[cpu >> 3] ?? 0) | (1 << (cpu & 7));
  return set;
}

/** Adds the calls that need privileges which the child may give up later. */
export function setPrivilegedAttributes(program: Program, attributes: Attributes): void {
  const { rlimits, nice, cpuAffinity, oomScoreAdjust, processGroup } = attributes;
  if (processGroup !== undefined) program.call('setpgid', 0, processGroup);
  if (nice !== undefined) program.call('setpriority', PRIO_PROCESS, 0, nice);
  if (cpuAffinity) {
    const set = processorSet(cpuAffinity);
    program.call('sched_setaffinity', 0, set.length, set, { step: 'setting cpuAffinity' });
  }
  for (const { name, soft, hard } of rlimits ?? []) {
    const pair = BigUint64Array.of(soft, hard);
    program.call('prlimit64', 0, RESOURCES[name], new Uint8Array(pair.buffer), null, {
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

/** Returns struct sock_fprog of a filter: the number and the address of its instructions. */
export function filterList(program: Program, filter: Uint8Array): Uint8Array {
  const list = new DataView(new ArrayBuffer(16));
  list.setUint16(0, filter.length / SOCK_FILTER, true);
  const bytes = new Uint8Array(list.buffer);
  program.store(filter, bytes, 8, 8);
  return bytes;
}

function addFilter(program: Program, filter: Uint8Array): void {
  program.call('seccomp', SECCOMP_SET_MODE_FILTER, 0, filterList(program, filter), {
    step: 'filtering system calls',
    part: 'seccomp',
    hint: 'It needs noNewPrivileges, or CAP_SYS_ADMIN.',
  });
}

/** Adds the calls right before exec: those that would hinder the rest of the program. */
export function setLastAttributes(program: Program, attributes: Attributes): void {
  const { umask, noNewPrivileges, seccomp } = attributes;
  if (umask !== undefined) program.call('umask', umask);
  if (noNewPrivileges) program.call('prctl', PR.SET_NO_NEW_PRIVS, 1, 0, 0, 0, { part: 'seccomp' });
  if (seccomp) addFilter(program, seccomp);
}
