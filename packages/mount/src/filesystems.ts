// File systems by intent: each kind with its options, as the parameters that fsconfig(2) takes.
import { ownOptions } from '@ns/core/authors';
import { assertCount, assertFlag, assertMode, assertOneOf, assertText } from './checks.js';

/** A parameter of a file system: a text, or true for one that takes no value. */
export type Parameter = readonly [key: string, value: string | true];

/** A file system to be made. */
export interface Recipe {
  /** Its type, as in /proc/filesystems. */
  readonly type: string;
  /** What it shows in the place of a device. */
  readonly source: string;
  readonly parameters: readonly Parameter[];
  /** What helps when the kernel refuses. */
  readonly hint?: string;
}

/** Options of a tmpfs. @see tmpfs(5) */
export interface TmpfsOptions {
  /** Limit of its size: bytes, or a text such as `'64M'` or `'10%'` (of memory). Default: half of it. */
  size?: number | string;
  /** Limit of the number of its inodes. Default: as many as half of the memory's pages. */
  inodes?: number;
  /** Permissions of its root. Default: 0o1777. */
  mode?: number;
  /** Owner of its root. Default: the mounting user. */
  uid?: number;
  /** Group of its root. Default: the mounting user's. */
  gid?: number;
}

/** Options of a proc file system. It shows the pid namespace of whoever mounts it. @see proc(5) */
export interface ProcOptions {
  /** Show only processes, none of the kernel's files. Linux 5.8. */
  subset?: 'pid';
  /**
   * Who sees other users' processes: `off` everyone, `noaccess` the numbers only, `invisible`
   * nobody, `ptraceable` who may trace them. By name since Linux 5.8. Default: `off`.
   */
  hidepid?: 'off' | 'noaccess' | 'invisible' | 'ptraceable';
  /** Group that sees everything in spite of hidepid. */
  gid?: number;
}

/** Options of a new instance of devpts, with terminals of its own. */
export interface DevptsOptions {
  /** Permissions of its ptmx. Default: 0, so that nobody can open it. */
  ptmxmode?: number;
  /** Permissions of new terminals. Default: 0o600. */
  mode?: number;
  /** Group of new terminals. Default: that of whoever opens one. */
  gid?: number;
  /** Most terminals at a time. */
  max?: number;
}

/** Options of a ramfs: files in memory without any limit. */
export interface RamfsOptions {
  /** Permissions of its root. Default: 0o755. */
  mode?: number;
}

/** Options of the cgroup v2 tree. They hold for the machine, and only the initial namespace sets them. */
export interface Cgroup2Options {
  /** Treat cgroup namespaces as borders of delegation. */
  nsdelegate?: boolean;
  /** Count `memory.min` and `memory.low` for whole subtrees. Linux 5.7. */
  memoryRecursiveprot?: boolean;
}

/** Any other file system, with its parameters as in its own documentation. */
export interface OtherOptions {
  /** Its type, as in /proc/filesystems. */
  filesystem: string;
  /** Its device, or what it takes in the place of one. Default: its type. */
  source?: string;
  /** Its parameters; true for those without a value, undefined and false for those left out. */
  parameters?: Readonly<Record<string, string | number | boolean | undefined>>;
}

const ID = 0xffff_fffe;
const LONGEST = 255;

type Values = Readonly<Record<string, string | number | boolean | undefined>>;

/** Parameters as the kernel takes them. */
export function parametersOf(values: Values, name: string): Parameter[] {
  const parameters = Object.entries(values)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([key, value]): Parameter => [key, value === true ? true : String(value)]);
  for (const [key, value] of parameters) {
    assertText(key, name);
    if (value === true) continue;
    assertText(value, `${name}.${key}`);
    // The kernel's limit; it would say EINVAL.
    if (Buffer.byteLength(value) > LONGEST) {
      throw new RangeError(`${name}.${key} must not be longer than ${LONGEST} bytes: ${value}`);
    }
  }
  return parameters;
}

function recipe(type: string, values: Values, name: string, hint?: string, source = type): Recipe {
  const parameters = parametersOf(values, name);
  return { type, source, parameters, ...(hint === undefined ? {} : { hint }) };
}

const octal = (mode: number | undefined) => mode?.toString(8);

function assertSize(size: unknown, name: string): void {
  if (typeof size !== 'string') assertCount(size, name);
  else if (!/^\d+[kmgKMG%]?$/.test(size)) {
    throw new TypeError(`${name} must be bytes, or a text such as '64M' or '10%': ${size}`);
  }
}

/** A tmpfs. */
export function tmpfsRecipe({ size, inodes, mode, uid, gid }: TmpfsOptions, name: string): Recipe {
  assertSize(size, `${name}.size`);
  assertCount(inodes, `${name}.inodes`);
  assertMode(mode, `${name}.mode`);
  assertCount(uid, `${name}.uid`, ID);
  assertCount(gid, `${name}.gid`, ID);
  return recipe('tmpfs', { size, nr_inodes: inodes, mode: octal(mode), uid, gid }, name);
}

/** A proc. */
export function procRecipe({ subset, hidepid, gid }: ProcOptions, name: string): Recipe {
  assertOneOf(subset, ['pid'], `${name}.subset`);
  assertOneOf(hidepid, ['off', 'noaccess', 'invisible', 'ptraceable'], `${name}.hidepid`);
  assertCount(gid, `${name}.gid`, ID);
  const hint =
    'In a user namespace, a new proc needs a new pid namespace too, and is refused where parts of the visible one are covered by other mounts, as in a container.';
  return recipe('proc', { subset, hidepid, gid }, name, hint);
}

/** A sysfs. */
export function sysfsRecipe(name: string): Recipe {
  const hint =
    'In a user namespace, a new sysfs needs a new network namespace too. Bind the existing /sys instead.';
  return recipe('sysfs', {}, name, hint);
}

/** A devpts. */
export function devptsRecipe({ ptmxmode, mode, gid, max }: DevptsOptions, name: string): Recipe {
  assertMode(ptmxmode, `${name}.ptmxmode`);
  assertMode(mode, `${name}.mode`);
  assertCount(gid, `${name}.gid`, ID);
  assertCount(max, `${name}.max`, 1 << 20);
  const values = { newinstance: true, ptmxmode: octal(ptmxmode), mode: octal(mode), gid, max };
  return recipe('devpts', values, name);
}

/** The POSIX message queues of the mounter's ipc namespace. */
export function mqueueRecipe(name: string): Recipe {
  const hint = 'In a user namespace, mqueue needs a new ipc namespace too.';
  return recipe('mqueue', {}, name, hint);
}

/** A ramfs. */
export function ramfsRecipe({ mode }: RamfsOptions, name: string): Recipe {
  assertMode(mode, `${name}.mode`);
  return recipe('ramfs', { mode: octal(mode) }, name);
}

/** The cgroup v2 tree, from the mounter's cgroup namespace's root on. */
export function cgroup2Recipe(options: Cgroup2Options, name: string): Recipe {
  const { nsdelegate, memoryRecursiveprot } = ownOptions(options);
  assertFlag(nsdelegate, `${name}.nsdelegate`);
  assertFlag(memoryRecursiveprot, `${name}.memoryRecursiveprot`);
  const hint = 'In a user namespace, cgroup2 needs a new cgroup namespace too.';
  return recipe('cgroup2', { nsdelegate, memory_recursiveprot: memoryRecursiveprot }, name, hint);
}

/** Any file system. */
export function otherRecipe(options: OtherOptions & { readonly?: boolean }, name: string): Recipe {
  const { filesystem, source, parameters = {}, readonly } = ownOptions(options);
  assertText(filesystem, `${name}.filesystem`);
  if (source !== undefined) assertText(source, `${name}.source`);
  // A device may be read-only itself: then the file system has to be, not only the mount.
  const values = { ...(readonly ? { ro: true } : {}), ...parameters };
  return recipe(filesystem, values, `${name}.parameters`, undefined, source);
}
