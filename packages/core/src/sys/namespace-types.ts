// The eight namespace types: names, clone flags, files in /proc/PID/ns.
import { CLONE } from './flags.js';

/** A namespace type. */
export type NamespaceType = 'user' | 'mount' | 'pid' | 'net' | 'uts' | 'ipc' | 'cgroup' | 'time';

interface TypeFacts {
  /** The flag of clone(2), unshare(2) and setns(2). */
  readonly flag: number;
  /** Name of the file in /proc/PID/ns. */
  readonly file: string;
  /** Name of the file that shows what children will be in, if that can differ. */
  readonly forChildren?: string;
  /** Inode of the namespace that the kernel booted with. */
  readonly initialInode: bigint;
}

/** The facts of each type, in the order in which namespaces are best joined and made. */
export const namespaceTypes: Readonly<Record<NamespaceType, TypeFacts>> = Object.freeze({
  user: { flag: CLONE.NEWUSER, file: 'user', initialInode: 0xefff_fffdn },
  cgroup: { flag: CLONE.NEWCGROUP, file: 'cgroup', initialInode: 0xefff_fffbn },
  ipc: { flag: CLONE.NEWIPC, file: 'ipc', initialInode: 0xefff_ffffn },
  uts: { flag: CLONE.NEWUTS, file: 'uts', initialInode: 0xefff_fffen },
  net: { flag: CLONE.NEWNET, file: 'net', initialInode: 0xefff_fff9n },
  time: {
    flag: CLONE.NEWTIME,
    file: 'time',
    forChildren: 'time_for_children',
    initialInode: 0xefff_fffan,
  },
  pid: {
    flag: CLONE.NEWPID,
    file: 'pid',
    forChildren: 'pid_for_children',
    initialInode: 0xefff_fffcn,
  },
  mount: { flag: CLONE.NEWNS, file: 'mnt', initialInode: 0xefff_fff8n },
});

/** All types, in the order in which they are best joined: user first, pid and mount last. */
export const allNamespaceTypes = Object.freeze(Object.keys(namespaceTypes) as NamespaceType[]);

/** Returns true for the name of a namespace type. */
export function isNamespaceType(value: unknown): value is NamespaceType {
  return typeof value === 'string' && Object.hasOwn(namespaceTypes, value);
}

/** Throws unless the value names a namespace type. */
export function assertNamespaceType(value: unknown, name = 'type'): asserts value is NamespaceType {
  if (!isNamespaceType(value)) {
    throw new TypeError(`${name} must be one of ${allNamespaceTypes.join(', ')}: ${String(value)}`);
  }
}

/** The CLONE_NEW* flags of these types together. */
export function flagsOf(types: Iterable<NamespaceType>): number {
  let flags = 0;
  for (const type of types) flags += namespaceTypes[type].flag;
  return flags;
}
