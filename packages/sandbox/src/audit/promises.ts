// What each preset promises: the probes that must not be reachable in it. The one place that says so,
// for the command, the attack tests and the table of docs/security.md: SECURITY.md S9.
import type { ProbeName } from './probes/index.js';

/** The presets, and `'default'` for a sandbox without options. */
export const auditPresets = ['default', 'untrusted', 'build', 'host', 'node'] as const;

/** One of {@link auditPresets}. */
export type AuditPreset = (typeof auditPresets)[number];

/** Probes that every sandbox promises to block. */
const ALWAYS: readonly ProbeName[] = [
  'home-directories',
  'home-secrets',
  'passwords',
  'keys',
  'cloud-credentials',
  'backups',
  'logs-and-mail',
  'environment',
  'writable-paths',
  'set-user-id-programs',
  'shared-modes',
  'covers',
  'service-sockets',
  'session-sockets',
  'abstract-sockets',
  'devices',
  'device-nodes',
  'terminal',
  'other-processes',
  'init-memory',
  'init-files',
  'descriptors',
  'shared-namespaces',
  'nested-user-namespaces',
  'capabilities',
  'bounding-set',
  'no-new-privileges',
  'system-call-filter',
  'host-root',
  'groups',
  'bpf',
  'performance-counters',
  'io-uring',
  'userfaultfd',
  'keyrings',
  'kernel-modules',
  'kernel-replacement',
  'kernel-log',
  'file-handles',
  'mounting',
  'foreign-sockets',
  'raw-sockets',
  'leases',
  'sysctls',
  'proc-switches',
  'sys-switches',
  'cgroups',
  'kernel-memory',
  'kernel-tables',
  'interrupts',
  'firmware',
  'host-loopback',
  'metadata-service',
  'internet',
  'interfaces',
  'core-dumps',
];

/** Probes that presets with an empty root promise to block besides: they show only named paths. */
const EMPTY_ROOT: readonly ProbeName[] = ['users'];

const LIMITS: readonly ProbeName[] = [
  'memory',
  'process-count',
  'open-files',
  'file-size',
  'processor-time',
  'files-in-memory',
];

/** Names of the probes that must not be reachable, by preset. */
export const promises: Readonly<Record<AuditPreset, readonly ProbeName[]>> = {
  default: ALWAYS,
  untrusted: [...ALWAYS, ...EMPTY_ROOT, ...LIMITS],
  // If root calls, the command is the caller: shared-modes then says that it can change nothing by it.
  build: ALWAYS.filter((probe) => probe !== 'host-root'),
  host: [...ALWAYS, ...EMPTY_ROOT],
  node: [...ALWAYS, ...EMPTY_ROOT],
};
