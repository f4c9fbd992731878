// Options of a sandbox: for each namespace type, whether it is new, and what is set up in it.
import { type CgroupOptions, cgroup } from '@ns/cgroup';
import { allNamespaceTypes, Namespace, type NamespaceSpec, type NamespaceType } from '@ns/core';
import { type IpcOptions, ipc } from '@ns/ipc';
import { type MountOptions, mount } from '@ns/mount';
import { type NetOptions, net } from '@ns/net';
import { type PidOptions, pid } from '@ns/pid';
import { type TimeOptions, time } from '@ns/time';
import { type MapWord, type UserOptions, user } from '@ns/user';
import { type UtsOptions, uts } from '@ns/uts';

/**
 * What a sandbox is made of. For each type: `true` (the default) or options make a new namespace,
 * `false` leaves the command in that of the caller, a handle joins an existing one.
 */
export interface SandboxOptions {
  /** Ids and capabilities. A word means `{ map: word }`. Default: the caller is root inside. */
  user?: boolean | MapWord | UserOptions | Namespace;
  /** Mounts. Default: a private copy of the caller's. */
  mount?: boolean | MountOptions | Namespace;
  /** Processes. Default: with our init, and with a /proc of its own where mounts are. */
  pid?: boolean | PidOptions | Namespace;
  /** Interfaces, addresses, ports. Default: the loopback interface, up. */
  net?: boolean | NetOptions | Namespace;
  /** Host and domain name. */
  uts?: boolean | UtsOptions | Namespace;
  /** System V IPC and POSIX message queues. */
  ipc?: boolean | IpcOptions | Namespace;
  /** The cgroup that looks like the root of the tree. */
  cgroup?: boolean | CgroupOptions | Namespace;
  /** Offsets of the monotonic and the boot clock. */
  time?: boolean | TimeOptions | Namespace;
  /** Host name inside: short for `uts: { hostname }`. */
  hostname?: UtsOptions['hostname'];
}

const makers: {
  readonly [Type in NamespaceType]: (
    options: Exclude<SandboxOptions[Type], boolean | Namespace | MapWord | undefined>,
  ) => NamespaceSpec;
} = { user, mount, pid, net, uts, ipc, cgroup, time };

const known: readonly string[] = [...allNamespaceTypes, 'hostname'];

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function checkNames(options: unknown): void {
  if (!isObject(options)) throw new TypeError(`options must be an object: ${String(options)}`);
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new TypeError(`options has no ${name}; it has ${known.join(', ')}`);
    }
  }
}

/** The options of `uts` with the short form of the host name in them. */
function withHostname({
  uts: names = true,
  hostname,
}: SandboxOptions): NonNullable<SandboxOptions['uts']> {
  if (hostname === undefined) return names;
  if (names === true) return { hostname };
  if (names === false || Namespace.isNamespace(names)) {
    throw new TypeError('hostname needs a new uts namespace');
  }
  if (names.hostname !== undefined)
    throw new TypeError('hostname and uts.hostname exclude each other');
  return { ...names, hostname };
}

function part(type: NamespaceType, value: unknown): NamespaceSpec | Namespace | undefined {
  if (value === false) return undefined;
  if (Namespace.isNamespace(value)) {
    if (value.type === type) return value;
    throw new TypeError(`${type} is a handle of a ${value.type} namespace`);
  }
  const make = makers[type] as (options: object) => NamespaceSpec;
  if (value === true) return make({});
  if (type === 'user' && typeof value === 'string') return user({ map: value as MapWord });
  if (isObject(value)) return make(value);
  throw new TypeError(`${type} must be a boolean, options or a handle: ${String(value)}`);
}

/**
 * The specifications and handles that the options stand for, as spawn() takes them.
 *
 * @throws {TypeError | RangeError} for a wrong option
 */
export function namespacesOf(options: SandboxOptions = {}): (NamespaceSpec | Namespace)[] {
  checkNames(options);
  const all: SandboxOptions = { ...options, uts: withHostname(options) };
  return allNamespaceTypes.flatMap((type) => part(type, all[type] ?? true) ?? []);
}
