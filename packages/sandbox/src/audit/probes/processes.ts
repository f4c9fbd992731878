// Processes: others in sight, PID 1, what was inherited.
import { constants } from 'node:fs';
import { allNamespaceTypes, type NamespaceType } from '@ns/core';
import type { Outcome } from '../calls.js';
import { blocked, judge, type Probe } from '../probe.js';

const PTRACE_SEIZE = 0x4206;
const PTRACE_DETACH = 17;
const CLONE_NEWUSER = 0x1000_0000;
/** Errors by which a process is kept from another one. */
const REFUSED: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'ESRCH', 'ENOENT']);

/** Returns the names of the calls that went through, and the errors of all. */
function throughOf(tried: Readonly<Record<string, Outcome>>) {
  const entries = Object.entries(tried);
  return {
    through: entries.filter(([, one]) => !REFUSED.has(one.error())).map(([name]) => name),
    refused: entries.map(([name, one]) => `${name}: ${one.error() ?? 'went through'}`).join(', '),
  };
}

const CAPABILITIES =
  'Commands without capabilities cannot: PID 1 keeps those of the user namespace.';

export const processProbes = {
  'other-processes': {
    area: 'processes',
    title: 'processes of the host or of other sandboxes can be seen',
    hint: 'Each sandbox has a pid namespace and a /proc of its own.',
    prepare:
      (_, { processes }) =>
      () =>
        judge(
          processes.map((pid) => `process ${pid}`),
          'PID 1 and the command alone',
        ),
  },
  'init-memory': {
    area: 'processes',
    title: 'memory of PID 1 can be read or written to, or the process be traced',
    hint: CAPABILITIES,
    changes: 'process',
    prepare(calls) {
      // struct iovec: where, and how many bytes. With permission, the call fails for the address.
      const bytes = new Uint8Array(BigUint64Array.of(0x1000n, 8n).buffer);
      const tried = {
        // To read it takes the same permission as to write to it; the mount may be read-only.
        '/proc/1/mem': calls.open('/proc/1/mem', constants.O_RDONLY),
        process_vm_readv: calls.call('process_vm_readv', 1, bytes, 1, bytes, 1, 0),
        ptrace: calls.call('ptrace', PTRACE_SEIZE, 1, 0, 0),
      };
      calls.call('ptrace', PTRACE_DETACH, 1, 0, 0);
      return () => {
        const { through, refused } = throughOf(tried);
        return judge(through, refused);
      };
    },
  },
  'init-files': {
    area: 'processes',
    title: 'descriptors, root, program and environment of PID 1 can be opened',
    hint: CAPABILITIES,
    prepare(calls) {
      const read = constants.O_RDONLY;
      const stolen: Outcome[] = [];
      calls.withDescriptor('pidfd_open', [1, 0], (fd, add) => {
        stolen.push(add('pidfd_getfd', fd, 0, 0));
      });
      const tried = {
        '/proc/1/environ': calls.open('/proc/1/environ', read),
        '/proc/1/exe': calls.open('/proc/1/exe', read),
        '/proc/1/root': calls.open('/proc/1/root', read),
        '/proc/1/cwd': calls.open('/proc/1/cwd', read),
        '/proc/1/fd/0': calls.open('/proc/1/fd/0', read),
        '/proc/1/ns/mnt': calls.open('/proc/1/ns/mnt', read),
        pidfd_getfd: stolen[0] as Outcome,
      };
      return () => {
        const { through, refused } = throughOf(tried);
        return judge(through, refused);
      };
    },
  },
  descriptors: {
    area: 'processes',
    title: 'descriptors of the caller are inherited',
    hint: 'Only `stdio` and `passFds` of a command are.',
    prepare:
      (_, { descriptors }) =>
      () =>
        judge(
          descriptors.map((fd) => `descriptor ${fd}`),
          'only those that were passed',
        ),
  },
} satisfies Record<string, Probe>;

export const namespaceProbes = {
  'shared-namespaces': {
    area: 'namespaces',
    title: 'namespaces of the caller are shared',
    hint: "`network: 'host'` shares the network; `optional` lets others go where the kernel refuses them.",
    prepare:
      (_, { namespaces, host }) =>
      () => {
        const shared = allNamespaceTypes.filter(
          (type: NamespaceType) => namespaces[type] === host.namespaces[type],
        );
        return judge(shared, `${allNamespaceTypes.length} types, all its own`);
      },
  },
  'nested-user-namespaces': {
    area: 'namespaces',
    title: 'user namespaces can be made, in which a command has all capabilities',
    hint: '`nestedUserNamespaces: true` permits it.',
    changes: 'process',
    prepare(calls) {
      const tried = calls.call('unshare', CLONE_NEWUSER);
      return () =>
        tried.result() === 0 ? judge(['unshare'], '') : blocked(`unshare: ${tried.error()}`);
    },
  },
} satisfies Record<string, Probe>;
