// File systems by intent: each kind with its options, as the parameters that fsconfig(2) takes.
import type { Size } from '@ns/core';
import { type Members, type Parser, parse } from '@ns/core/authors';

/** A parameter of a file system: a text, or true for one that takes no value. */
export type Parameter = readonly [key: string, value: string | true];

/** A file system to be made. */
export interface Filesystem {
  /** Its type, as in /proc/filesystems. */
  readonly type: string;
  /** Its device, or the text that the mount table shows in the place of one. */
  readonly source: string;
  readonly parameters: readonly Parameter[];
  /** The likely cause and cure when the kernel refuses. */
  readonly hint?: string;
  /** Further parameters and another hint, for a mount in a user namespace. */
  readonly inUserNamespace?: Pick<Filesystem, 'parameters' | 'hint'>;
}

/** Options of a tmpfs. @see tmpfs(5) */
export interface TmpfsOptions {
  /** Limit of its size, or of its share of the memory: `'10%'`. Default: `'50%'`. */
  size?: Size | undefined;
  /** Limit of the number of its inodes. Default: as many as half of the memory's pages. */
  inodes?: number | undefined;
  /** Permissions of its root. Default: 0o1777. */
  mode?: number | undefined;
  /** Owner of its root. Default: the mounting user. */
  uid?: number | undefined;
  /** Group of its root. Default: the mounting user's. */
  gid?: number | undefined;
}

/** Options of a proc file system. It shows the pid namespace of the mounting process. @see proc(5) */
export interface ProcOptions {
  /** Show only processes, not the kernel's files. Linux 5.8. */
  subset?: 'pid' | undefined;
  /**
   * Visibility of other users' processes: `off` all, `noaccess` the numbers only, `invisible` none,
   * `ptraceable` those that the reader may trace. By name since Linux 5.8. Default: `off`.
   */
  hidepid?: 'off' | 'noaccess' | 'invisible' | 'ptraceable' | undefined;
  /** Group that sees everything in spite of hidepid. */
  gid?: number | undefined;
}

/** Options of a new instance of devpts, with terminals of its own. */
export interface DevptsOptions {
  /** Permissions of its ptmx. Default: 0, which no user may open. */
  ptmxmode?: number | undefined;
  /** Permissions of new terminals. Default: 0o600. */
  mode?: number | undefined;
  /** Group of new terminals. Default: that of the process that opens one. */
  gid?: number | undefined;
  /** Upper limit of terminals at a time. */
  max?: number | undefined;
}

/** Options of a ramfs: files in memory without any limit. */
export interface RamfsOptions {
  /** Permissions of its root. Default: 0o755. */
  mode?: number | undefined;
}

/** Options of the cgroup v2 tree. They hold for the machine, and only the initial namespace sets them. */
export interface Cgroup2Options {
  /** Treat cgroup namespaces as borders of delegation. */
  nsdelegate?: boolean | undefined;
  /** Count `memory.min` and `memory.low` for whole subtrees. Linux 5.7. */
  memoryRecursiveprot?: boolean | undefined;
}

/** Parameters of any file system; true for those without a value, undefined and false for those left out. */
export type FilesystemParameters = Readonly<Record<string, string | number | boolean | undefined>>;

/** Options of any other file system, as in its own documentation. */
export interface OtherOptions {
  /** Its type, as in /proc/filesystems. */
  filesystem: string;
  /** Its device, or what it takes in the place of one. Default: its type. */
  source?: string | undefined;
  /** Its parameters. */
  parameters?: FilesystemParameters | undefined;
}

/** Longest text of a parameter, in bytes. With a longer one, the kernel would say EINVAL. */
const LONGEST = 255;

/** Permission bits, such as 0o755. */
export const parseMode: Parser<number> = parse.integer(0, 0o7777);

/** Returns parameters as the kernel takes them. */
export function parametersOf(values: FilesystemParameters): Parameter[] {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([key, value]): Parameter => [key, value === true ? true : String(value)]);
}

/** Throws if a parameter is longer than the kernel takes. */
export function checkLength(key: string, value: string, name: string): void {
  if (Buffer.byteLength(value) <= LONGEST) return;
  parse.outOfRange(name, `not longer than ${LONGEST} bytes in ${key}`, value);
}

const parseParameter: Parser<string | number | boolean | undefined> = (value, name) => {
  if (value === undefined || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'string' && value !== '') return parse.text(value, name);
  return parse.refuse(name, 'a text that is not empty, a number or a boolean', value);
};

/** Parameters of a file system. */
export const parseParameters: Parser<FilesystemParameters> = (value, name) => {
  const values = parse.record(parseParameter)(value, name);
  for (const [key, one] of Object.entries(values)) {
    parse.path(key, `a key of ${name}`);
    checkLength(key, String(one), `${name}.${key}`);
  }
  return values;
};

function filesystem(type: string, values: FilesystemParameters, hint?: string): Filesystem {
  const parameters = parametersOf(values);
  return { type, source: type, parameters, ...(hint === undefined ? {} : { hint }) };
}

const octal = (mode: number | undefined) => mode?.toString(8);

/** A size in bytes, or as a share of the memory. */
const parseTmpfsSize: Parser<string> = (value, name) =>
  typeof value === 'string' && /^\d+%$/.test(value) ? value : String(parse.size(value, name));

/** The parsers of {@link TmpfsOptions}. */
export const tmpfsMembers = {
  size: parseTmpfsSize,
  inodes: parse.integer(0),
  mode: parseMode,
  uid: parse.id,
  gid: parse.id,
} satisfies Members<TmpfsOptions>;

/** Returns a tmpfs with parsed options. */
export function tmpfs({ size, inodes, mode, uid, gid }: TmpfsOptions): Filesystem {
  return filesystem('tmpfs', { size, nr_inodes: inodes, mode: octal(mode), uid, gid });
}

/** The parsers of {@link ProcOptions}. */
export const procMembers = {
  subset: parse.oneOf('pid'),
  hidepid: parse.oneOf('off', 'noaccess', 'invisible', 'ptraceable'),
  gid: parse.id,
} satisfies Members<ProcOptions>;

/** Returns a proc with parsed options. */
export function proc({ subset, hidepid, gid }: ProcOptions): Filesystem {
  const hint =
    'In a user namespace, a new proc needs a new pid namespace too, and is refused where parts of the visible one are covered by other mounts, as in a container.';
  return filesystem('proc', { subset, hidepid, gid }, hint);
}

/** Returns a sysfs. */
export function sysfs(): Filesystem {
  const hint =
    'In a user namespace, a new sysfs needs a new network namespace too. Bind the existing /sys instead.';
  return filesystem('sysfs', {}, hint);
}

/** The parsers of {@link DevptsOptions}. */
export const devptsMembers = {
  ptmxmode: parseMode,
  mode: parseMode,
  gid: parse.id,
  max: parse.integer(0, 1 << 20),
} satisfies Members<DevptsOptions>;

/** Returns a devpts with parsed options. */
export function devpts({ ptmxmode, mode, gid, max }: DevptsOptions): Filesystem {
  const values = { newinstance: true, ptmxmode: octal(ptmxmode), mode: octal(mode), gid, max };
  return filesystem('devpts', values);
}

/** Returns the POSIX message queues of the mounter's ipc namespace. */
export function mqueue(): Filesystem {
  return filesystem('mqueue', {}, 'In a user namespace, mqueue needs a new ipc namespace too.');
}

/** The parsers of {@link RamfsOptions}. */
export const ramfsMembers = { mode: parseMode } satisfies Members<RamfsOptions>;

/** Returns a ramfs with parsed options. */
export function ramfs({ mode }: RamfsOptions): Filesystem {
  return filesystem('ramfs', { mode: octal(mode) });
}

/** The parsers of {@link Cgroup2Options}. */
export const cgroup2Members = {
  nsdelegate: parse.boolean,
  memoryRecursiveprot: parse.boolean,
} satisfies Members<Cgroup2Options>;

/** Returns the cgroup v2 tree, from the root of the mounter's cgroup namespace on. */
export function cgroup2({ nsdelegate, memoryRecursiveprot }: Cgroup2Options): Filesystem {
  const hint = 'In a user namespace, cgroup2 needs a new cgroup namespace too.';
  return filesystem('cgroup2', { nsdelegate, memory_recursiveprot: memoryRecursiveprot }, hint);
}

/** The parsers of {@link OtherOptions}. */
export const otherMembers = {
  filesystem: parse.required(parse.path),
  source: parse.path,
  parameters: parseParameters,
} satisfies Members<OtherOptions>;

/** Returns a file system of any type, with parsed options. */
export function other(
  { filesystem: type, source = type, parameters }: OtherOptions,
  readonly: boolean | undefined,
): Filesystem {
  // A device may be read-only itself: then the file system has to be, not only the mount.
  const values = { ...(readonly ? { ro: true } : {}), ...parameters };
  return { type, source, parameters: parametersOf(values) };
}
