// The options of a sandbox, as the caller writes them.
import type { Duration, Namespace, Size } from '@ns/core';
import type { RootEntry } from '@ns/mount';
import type { PortForward, UplinkTool } from '@ns/net';
import type { CapabilityInput, ExplicitMaps } from '@ns/user';
import type { UnpackProgress } from '../unpack/unpack.js';

/**
 * Where changes in an overlay go: `'discard'`: to memory, at most 256 MiB, removed with the sandbox;
 * `{ discard }`: the same with another limit; `'list'`: to a temporary directory, for
 * {@link Sandbox.changes}; `{ keep }`: to this directory, which may have those of an earlier sandbox.
 */
export type OverlayChanges = 'discard' | 'list' | { discard: Size } | { keep: string };

/** Options of a root that can be changed. */
interface RootChanges {
  /** True to let commands change the root. Default: false. */
  writable?: boolean | undefined;
  /** Keep the root as it is, and have changes elsewhere. */
  overlay?: OverlayChanges | undefined;
}

/** The limit of what is unpacked. */
interface UnpackedRoot extends RootChanges {
  /** Upper limit in bytes, after decompression. Default: `'4G'`. */
  maxSize?: Size | undefined;
}

/**
 * The source of the root; read-only unless `writable`, or with an overlay over it.
 * - `directory`: this directory
 * - `tar`: an archive, plain or compressed by gzip, or by zstd where Node.js has that
 * - `oci`: an image of an OCI image layout; `reference` names one of several
 *
 * Archives and images are unpacked to a temporary directory, which is removed with the sandbox:
 * {@link unpack} makes one that stays.
 */
export type RootSource =
  | ({ directory: string } & RootChanges)
  | ({ tar: string } & UnpackedRoot)
  | ({ oci: string; reference?: string | undefined } & UnpackedRoot);

/**
 * The user of the commands:
 * - `'current'`: the caller, by the same ids
 * - `'root'`: id 0 inside, the caller outside
 * - `'nobody'`: ids that no user of the host has: of this sandbox alone, unless it can write to files of
 *   the host. Needs root.
 * - `'ranges'`: root inside, with the caller's subordinate ids as other users
 * - `uid`, `gid`: these ids inside; outside the caller, or for root ids that no user has
 * - `map`: these ranges
 */
export type SandboxUser =
  | 'current'
  | 'root'
  | 'nobody'
  | 'ranges'
  | { uid?: number | undefined; gid?: number | undefined; map?: ExplicitMaps | undefined };

/** A new network with a way outside. */
export interface PrivateNetwork {
  /**
   * The provider of the way: a program, or `'nat'`: a bridge of the host with address translation, which
   * needs root, nft(8), and forwarding in the host. Default: `'auto'`, pasta(1) or else slirp4netns(1).
   */
  uplink?: 'auto' | UplinkTool | 'nat' | undefined;
  /** Ports that lead inside: of 127.0.0.1 outside, or with `'nat'` of the host. */
  forward?: readonly PortForward[] | undefined;
  /** Name servers. Default: those of the host. */
  dns?: readonly string[] | undefined;
  /**
   * With `'nat'`: let commands reach services of the host and link-local addresses, where clouds have
   * the keys of the machine. The other uplinks refuse it. Default: false.
   */
  hostAccess?: boolean | undefined;
}

/** Limits of what is used. */
export interface SandboxLimits {
  /**
   * Memory: of all processes together by a cgroup. By rlimits, private writable memory of each process;
   * a process has 4 GiB of addresses beyond that, and shared memory is refused.
   */
  memory?: Size | undefined;
  /** Processes and threads at a time. */
  pids?: number | undefined;
  /** Processors at a time, such as 0.5. By a cgroup only. */
  cpus?: number | undefined;
  /** Processor time of each process, such as `'60s'`; rounded up to whole seconds. */
  cpuTime?: Duration | undefined;
  /** Open descriptors of each process. */
  files?: number | undefined;
  /** Size of each file that is written. */
  fileSize?: Size | undefined;
}

/** Offsets of the clocks, from those of the machine; negative ones are earlier. */
export interface ClockOffsets {
  /** Offset of CLOCK_MONOTONIC. */
  monotonic?: Duration | undefined;
  /** Offset of CLOCK_BOOTTIME. */
  boottime?: Duration | undefined;
}

/** Parts that a sandbox can be allowed to go without. */
export const optionalParts = Object.freeze(['time', 'cgroup', 'ipc', 'uts', 'limits'] as const);

/** A part that a sandbox can be allowed to go without. */
export type OptionalPart = (typeof optionalParts)[number];

/** The network of the commands. */
export type SandboxNetworkOption = 'none' | 'host' | 'private' | PrivateNetwork | Namespace;

/** When a sandbox has a cgroup. */
export type SandboxCgroupOption = 'auto' | boolean;

/** Options of a sandbox. Everything but handles and bytes is plain JSON: see {@link schema}. */
export interface SandboxOptions {
  /**
   * The root file system. `'host'`: the host's, read-only, with home directories, /run, /mnt, keys and
   * passwords hidden; `'empty'`: only what the other options put there. Default: `'host'`.
   */
  root?: 'host' | 'empty' | RootSource | undefined;
  /**
   * Paths of the host that are shown at the same place, read-only. Of paths that lie in each other, in
   * this list and in `writable`, the more specific one decides.
   */
  readable?: readonly string[] | undefined;
  /** Paths of the host that are shown at the same place, and can be changed there. */
  writable?: readonly string[] | undefined;
  /**
   * Paths inside of those of `writable` that commands can neither change nor make, also if they do not
   * exist. A missing one is there as an empty file, or with `/` at its end as an empty directory, for
   * as long as the sandbox. Default: none.
   */
  protect?: readonly string[] | undefined;
  /** More mounts, files, directories and links. */
  mounts?: readonly RootEntry[] | undefined;
  /** Paths inside that are hidden, if they exist, beside those that always are. */
  mask?: readonly string[] | undefined;
  /** A read-only /sys. Default: true. */
  sys?: boolean | undefined;
  /** Size of /tmp, and of /dev/shm; each has a file for every 4 KiB at most. Default: `'64M'`. */
  tmp?: Size | undefined;
  /** Working directory of the commands. Default: `/`. */
  workdir?: string | undefined;
  /** Host name inside. Default: `'sandbox'`. */
  hostname?: string | undefined;
  /** The user of the commands. Default: `'current'`; for root `'nobody'`. */
  user?: SandboxUser | undefined;
  /** Capabilities in the sandbox's user namespace. Default: none. */
  capabilities?: 'all' | readonly CapabilityInput[] | undefined;
  /** Let exec gain privileges: set-user-ID bits, file capabilities. Default: false. */
  newPrivileges?: boolean | undefined;
  /** Allow user namespaces inside. Default: false. */
  nestedUserNamespaces?: boolean | undefined;
  /**
   * Refuse system calls that no namespace makes safe: keyrings, `bpf`, `perf_event_open`, `io_uring`,
   * leases of files, typing into a terminal, sockets such as AF_VSOCK, new user namespaces, set-user-ID
   * bits in writable paths of the host, and programs of another architecture. Default: true.
   */
  seccomp?: boolean | undefined;
  /**
   * `'none'`: loopback alone; `'host'`: the host's, with its abstract sockets; `'private'` or an object:
   * a new network with a way outside; a handle: this one. Default: `'none'`.
   */
  network?: SandboxNetworkOption | undefined;
  /** Limits. Default: only the sizes of `tmp`; core dumps are never written. */
  limits?: SandboxLimits | undefined;
  /**
   * A cgroup of the sandbox, below the caller's or the nearest above that has no processes, which freezing
   * and limits for all processes together need: `'auto'` if it is permitted, `true` in any case, `false`
   * for none. With `true`, limits move the calling process if they cannot be set otherwise (where systemd runs,
   * into a new scope): see `createJobGroup` of `@ns/cgroup`. Default: `'auto'`.
   */
  cgroup?: SandboxCgroupOption | undefined;
  /** Variables beside PATH, HOME and LANG; the caller's environment is not passed on. */
  env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Files in /run/secrets, by name: in memory, readable by the commands alone. */
  secrets?: Readonly<Record<string, string | Uint8Array>> | undefined;
  /** Offsets of the clocks. */
  time?: ClockOffsets | undefined;
  /** Time that each command has. Default: no limit. */
  timeout?: Duration | undefined;
  /** Upper limit in bytes of stdout and of stderr each that `run` takes. Default: 1 MiB. */
  maxBuffer?: Size | undefined;
  /** Called with the progress of unpacking `root`. */
  onProgress?: ((progress: UnpackProgress) => void) | undefined;
  /** Parts to go without where the kernel refuses them; the report names them. Default: none. */
  optional?: readonly OptionalPart[] | undefined;
}
