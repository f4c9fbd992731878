// Interfaces of the kernel that no namespace separates. Arguments are such that a call which goes
// through changes nothing: it makes a descriptor, or fails for another reason than a permission.
import { AT, type ProgramArgument } from '@ns/core/authors';
import type { SyscallName } from '@ns/core/sys';
import type { Outcome } from '../calls.js';
import { blocked, judge, type Probe, reachable } from '../probe.js';

type Attempt = readonly [name: SyscallName, ...args: ProgramArgument[]];
/** Attempts by what they are called in the report. */
type Attempts = Readonly<Record<string, Attempt>>;

/** Errors by which a call is refused: to this process, or because the kernel has none. */
const REFUSED: ReadonlySet<string | undefined> = new Set([
  ...['EPERM', 'EACCES', 'ENOSYS', 'EAFNOSUPPORT', 'EPROTONOSUPPORT', 'ESOCKTNOSUPPORT'],
]);

const words = (...values: number[]) => new Uint8Array(Uint32Array.from(values).buffer);
const memory = (size: number, ...values: number[]) => {
  const bytes = new Uint8Array(size);
  bytes.set(words(...values));
  return bytes;
};

function kernel(attempts: Attempts, title: string, hint = SECCOMP): Probe {
  return {
    area: 'kernel',
    title,
    hint,
    prepare(calls) {
      const tried = Object.entries(attempts).map(
        ([label, [name, ...args]]) => [label, calls.withDescriptor(name, args)] as const,
      );
      return () =>
        judge(
          tried
            .filter(([, one]) => !REFUSED.has(one.error()))
            .map(([label, one]) => (one.error() ? `${label} (${one.error()})` : label)),
          tried.map(([label, one]) => `${label}: ${one.error()}`).join(', '),
        );
    },
  };
}

const SECCOMP = '`seccomp: false` permits it.';
const CAPABILITY = 'It takes a capability that a user namespace does not give.';
const NEVER = 0x7fff_dead; // flags that no kernel knows
const [STREAM, RAW, SEQPACKET] = [1, 3, 5];
const [AF_INET, AF_TIPC, AF_ALG, AF_VSOCK, AF_PACKET] = [2, 30, 38, 40, 17];
const [F_SETLEASE, F_WRLCK, F_UNLCK] = [1024, 1, 2];

export const kernelProbes = {
  bpf: kernel(
    { bpf: ['bpf', 0, memory(128, 2, 4, 4, 1), 72] },
    'programs and maps in the kernel (bpf)',
  ),
  'performance-counters': kernel(
    // PERF_TYPE_SOFTWARE, 112 bytes, without the kernel's share.
    {
      perf_event_open: [
        'perf_event_open',
        memory(128, 1, 112, 0, 0, 0, 0, 0, 0, 0, 0, 96),
        0,
        -1,
        -1,
        0,
      ],
    },
    'counters of the processor (perf_event_open)',
  ),
  'io-uring': kernel(
    { io_uring_setup: ['io_uring_setup', 1, new Uint8Array(120)] },
    'rings of system calls, which no filter sees (io_uring)',
  ),
  userfaultfd: kernel(
    { userfaultfd: ['userfaultfd', 1] },
    'page faults that a program holds up (userfaultfd)',
  ),
  keyrings: kernel(
    {
      keyctl: ['keyctl', 0, -3, 1],
      add_key: ['add_key', 'user', 'ns-audit', new Uint8Array(1), 1, -3],
      request_key: ['request_key', 'user', 'ns-audit', null, 0],
    },
    'keyrings of the kernel',
  ),
  'kernel-modules': kernel(
    {
      init_module: ['init_module', null, 0, ''],
      finit_module: ['finit_module', -1, '', 0],
      delete_module: ['delete_module', 'ns_audit_is_not_a_module', 0x800],
    },
    'modules of the kernel can be loaded',
    CAPABILITY,
  ),
  'kernel-replacement': kernel(
    {
      kexec_load: ['kexec_load', 0, 0, null, NEVER],
      kexec_file_load: ['kexec_file_load', -1, -1, 0, '', NEVER],
    },
    'the kernel can be replaced',
    CAPABILITY,
  ),
  'kernel-log': {
    area: 'kernel',
    title: 'the log of the kernel can be read',
    hint: '`seccomp: false` permits it, unless kernel.dmesg_restrict is 1.',
    prepare(calls) {
      const SIZE_BUFFER = 10;
      const size = calls.call('syslog', SIZE_BUFFER, null, 0);
      const opened = ['/dev/kmsg', '/proc/kmsg'].map((path) => ({
        path,
        outcome: calls.open(path, 0),
        stat: calls.stat(path),
      }));
      return () => {
        const found = opened
          .filter(
            ({ outcome, stat, path }) =>
              outcome.result() >= 0 && (path !== '/proc/kmsg' || stat()?.kind === 'file'),
          )
          .map(({ path }) => path);
        if (size.result() >= 0) found.push('syslog');
        return judge(found, `syslog: ${size.error()}`);
      };
    },
  },
  'file-handles': kernel(
    { open_by_handle_at: ['open_by_handle_at', AT.FDCWD, new Uint8Array(16), 0] },
    'files can be opened by handles, which know of no root directory',
  ),
  mounting: kernel(
    { fsopen: ['fsopen', 'tmpfs', 0] },
    'file systems can be mounted',
    'cap_sys_admin permits it: covers protect nothing from a command that has it.',
  ),
  'foreign-sockets': kernel(
    {
      AF_VSOCK: ['socket', AF_VSOCK, STREAM, 0],
      AF_ALG: ['socket', AF_ALG, SEQPACKET, 0],
      AF_TIPC: ['socket', AF_TIPC, STREAM, 0],
    },
    'sockets of families that no network namespace separates',
  ),
  'raw-sockets': kernel(
    {
      SOCK_RAW: ['socket', AF_INET, RAW, 1],
      AF_PACKET: ['socket', AF_PACKET, RAW, 768],
    },
    'packets can be made and overheard',
    'cap_net_raw permits it, in the network namespace of the sandbox.',
  ),
  leases: {
    area: 'kernel',
    title: 'leases on files, by which a command makes others wait who open them',
    hint: '`seccomp: false` permits it: the host waits for up to /proc/sys/fs/lease-break-time seconds.',
    prepare(calls) {
      const tried: Outcome[] = [];
      calls.withDescriptor('memfd_create', ['ns-audit', 0], (fd, add) => {
        tried.push(add('fcntl', fd, F_SETLEASE, F_WRLCK), add('fcntl', fd, F_SETLEASE, F_UNLCK));
      });
      return () => {
        const error = tried[0]?.error();
        return REFUSED.has(error) ? blocked(`fcntl: ${error}`) : reachable('fcntl F_SETLEASE');
      };
    },
  },
} satisfies Record<string, Probe>;
