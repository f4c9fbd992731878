// What a sandbox is made of: the options as types, and their check before anything is done.
import { isIP } from 'node:net';
import { Namespace } from '@ns/core';
import { checkRootEntry, type RootEntry } from '@ns/mount';
import type { PortForward, UplinkTool } from '@ns/net';
import type { TimeOptions } from '@ns/time';
import type { CapabilityInput, ExplicitMaps } from '@ns/user';
import type { Bytes } from './bytes.js';
import { type optionalParts, type Schema, schema } from './schema.js';
import type { UnpackProgress } from './unpack/unpack.js';
import { assertOptions, ownProperties, validate } from './validate.js';

/**
 * What becomes of changes in an overlay: `'discard'`: they are in memory, 256 MiB of it at most, and
 * gone with the sandbox; `{ discard }`: the same with another limit; `'list'`: in a temporary
 * directory, for {@link Sandbox.changes}; `{ keep }`: in this directory, which may have those of an
 * earlier sandbox.
 */
export type OverlayChanges = 'discard' | 'list' | { discard: Bytes } | { keep: string };

/** How a root can be changed. */
interface RootChanges {
  /** Whether the root can be changed. Default: false. */
  writable?: boolean;
  /** Keep the root as it is, and have changes elsewhere. */
  overlay?: OverlayChanges;
}

/** How much is unpacked. */
interface UnpackedRoot extends RootChanges {
  /** Most bytes after decompression. Default: `'4G'`. */
  maxSize?: Bytes;
}

/**
 * What becomes the root; read-only unless `writable`, or with an overlay over it.
 * - `directory`: this directory
 * - `tar`: an archive, plain or compressed by gzip, or by zstd where Node.js has that
 * - `oci`: an image of an OCI image layout; `reference`: which one, if there are several
 *
 * Archives and images are unpacked to a temporary directory, which goes with the sandbox: {@link unpack}
 * makes one that stays.
 */
export type RootSource =
  | ({ directory: string } & RootChanges)
  | ({ tar: string } & UnpackedRoot)
  | ({ oci: string; reference?: string } & UnpackedRoot);

/**
 * Who the commands are:
 * - `'current'`: oneself, by the same ids
 * - `'root'`: id 0 inside, which is oneself outside
 * - `'nobody'`: ids that no user of the host has: of the sandbox alone, unless something of the host is
 *   writable; takes root
 * - `'ranges'`: root inside, with the caller's subordinate ids as other users
 * - `uid`, `gid`: these ids inside; outside oneself, or for root ids that nobody else has
 * - `map`: these ranges
 */
export type SandboxUser =
  | 'current'
  | 'root'
  | 'nobody'
  | 'ranges'
  | { uid?: number; gid?: number; map?: ExplicitMaps };

/** A network of its own with a way outside. */
export interface PrivateNetwork {
  /**
   * What provides the way: a program, or `'nat'`: a bridge of the host with address translation, which
   * takes root, nft(8), and forwarding in the host. Default: `'auto'`, pasta(1) or else slirp4netns(1).
   */
  uplink?: 'auto' | UplinkTool | 'nat';
  /** Ports that lead inside: of 127.0.0.1 outside, or with `'nat'` of the host. */
  forward?: readonly PortForward[];
  /** Name servers. Default: those of the host. */
  dns?: readonly string[];
}

/** Limits of what is used. */
export interface SandboxLimits {
  /**
   * Memory: of all processes together by a cgroup. By rlimits, private writable memory of each process;
   * a process has 4 GiB of addresses beyond that, and shared memory is refused.
   */
  memory?: Bytes;
  /** Processes and threads at a time. */
  pids?: number;
  /** Processors at a time, such as 0.5. By a cgroup only. */
  cpus?: number;
  /** Seconds of processor time of each process. */
  cpuTime?: number;
  /** Open descriptors of each process. */
  files?: number;
  /** Size of each file that is written. */
  fileSize?: Bytes;
}

/** A part that a sandbox may be allowed to go without. */
export type OptionalPart = (typeof optionalParts)[number];

/** What a sandbox is made of. Everything but handles and bytes is plain JSON: see {@link schema}. */
export interface SandboxOptions {
  /**
   * The root file system. `'host'`: the host's, read-only, with home directories, /run, /mnt, keys and
   * passwords hidden; `'empty'`: nothing but what the other options put there. Default: `'host'`.
   */
  root?: 'host' | 'empty' | RootSource;
  /**
   * Paths of the host that are shown at the same place, read-only. Of paths that lie in each other, in
   * this list and in `writable`, the more specific one decides.
   */
  readable?: readonly string[];
  /** Paths of the host that are shown at the same place, and can be changed there. */
  writable?: readonly string[];
  /**
   * Paths inside of those of `writable` that commands can neither change nor make, whether they exist or
   * not. What is missing is there as an empty file, or with `/` at its end as an empty directory, for as
   * long as the sandbox. Default: none.
   */
  protect?: readonly string[];
  /** More mounts, files, directories and links. */
  mounts?: readonly RootEntry[];
  /** Paths inside that are hidden, if they exist, beside those that always are. */
  mask?: readonly string[];
  /** A read-only /sys. Default: true. */
  sys?: boolean;
  /** Size of /tmp, and of /dev/shm; each has a file for every 4 KiB at most. Default: `'64M'`. */
  tmp?: Bytes;
  /** Working directory of the commands. Default: `/`. */
  workdir?: string;
  /** Host name inside. Default: `'sandbox'`. */
  hostname?: string;
  /** Who the commands are. Default: `'current'`; for root `'nobody'`. */
  user?: SandboxUser;
  /** Capabilities in the sandbox's own user namespace. Default: none. */
  capabilities?: 'all' | readonly CapabilityInput[];
  /** Let exec gain privileges: set-user-ID bits, file capabilities. Default: false. */
  newPrivileges?: boolean;
  /** Allow user namespaces inside. Default: false. */
  nestedUserNamespaces?: boolean;
  /**
   * Refuse system calls that no namespace makes safe: keyrings, `bpf`, `perf_event_open`, `io_uring`,
   * leases of files, typing into a terminal, sockets such as AF_VSOCK, new user namespaces, set-user-ID
   * bits in writable paths of the host, and programs of another architecture. Default: true.
   */
  seccomp?: boolean;
  /**
   * `'none'`: loopback alone; `'host'`: the host's, with its abstract sockets; `'private'` or an object:
   * a network of its own with a way outside; a handle: this one. Default: `'none'`.
   */
  network?: 'none' | 'host' | 'private' | PrivateNetwork | Namespace;
  /** Limits. Default: none but the sizes of `tmp`; no core dumps are ever written. */
  limits?: SandboxLimits;
  /**
   * A cgroup of its own, below the caller's or the nearest above that has no processes, which freezing
   * and limits for all processes together need: `'auto'` if it is permitted, `true` in any case, `false`
   * not. With `true`, limits move the calling process if there is no other way (where systemd runs, into
   * a scope of its own): see `createJobGroup` of `@ns/cgroup`. Default: `'auto'`.
   */
  cgroup?: 'auto' | boolean;
  /** Variables beside PATH, HOME and LANG; nothing of the caller's environment is passed on. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Files in /run/secrets, by name: in memory, readable by the commands alone. */
  secrets?: Readonly<Record<string, string | Uint8Array>>;
  /** Offsets of the clocks. */
  time?: TimeOptions;
  /** Milliseconds that each command has, at most 2^31 - 1. Default: no limit. */
  timeout?: number;
  /** Most bytes of stdout and of stderr each that `run` takes. Default: 1 MiB. */
  maxBuffer?: number;
  /** Told how far the unpacking of `root` has come. */
  onProgress?: (progress: UnpackProgress) => void;
  /** Parts to go without where the kernel refuses them; the report names them. Default: none. */
  optional?: readonly OptionalPart[];
}

/** Secrets as far as they are JSON: bytes are any content. */
function plainSecrets(secrets: unknown): unknown {
  if (typeof secrets !== 'object' || secrets === null || Array.isArray(secrets)) return secrets;
  return Object.fromEntries(
    Object.entries(secrets).map(([name, one]) => [name, one instanceof Uint8Array ? '' : one]),
  );
}

/** The options as far as they are JSON. */
function plain({ onProgress: _onProgress, ...options }: SandboxOptions): unknown {
  return {
    ...options,
    ...(Namespace.isNamespace(options.network) ? { network: 'none' } : {}),
    secrets: plainSecrets(options.secrets),
  };
}

function checkNetwork(network: SandboxOptions['network']): void {
  if (Namespace.isNamespace(network)) {
    if (network.type === 'net') return;
    throw new TypeError(`network is a handle of a ${network.type} namespace`);
  }
  const { dns = [] } = typeof network === 'object' ? network : {};
  dns.forEach((server, i) => {
    if (!isIP(server)) throw new TypeError(`network.dns[${i}] must be an address: '${server}'`);
  });
}

/**
 * Checks options, and returns them without anything inherited.
 *
 * @throws {TypeError | RangeError} for a wrong option, naming it
 */
export function checkOptions(given: SandboxOptions): SandboxOptions {
  assertOptions(given);
  const options = ownProperties(given);
  validate(schema as Schema, plain(options));
  const { network, mounts = [], onProgress } = options;
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new TypeError(`onProgress must be a function: ${String(onProgress)}`);
  }
  checkNetwork(network);
  for (const [i, entry] of mounts.entries()) checkRootEntry(entry, `mounts[${i}]`);
  return options;
}
