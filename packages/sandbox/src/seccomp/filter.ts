// The filter of system calls that commands of a sandbox have. It is no list of what programs may need:
// it takes away what no namespace separates, and large parts of the kernel that are rarely used and
// often had holes. What takes a capability is left to the capabilities.
import { constants } from 'node:os';
import { CLONE } from '@ns/core';
import { type SyscallName, syscallNumber } from '@ns/core/sys';
import {
  assemble,
  type Instruction,
  load,
  result,
  SECCOMP_DATA,
  unlessEqual,
  whenAnyBit,
  whenAtLeast,
  whenEqual,
} from './bpf.js';

const ALLOW = 0x7fff_0000;
const KILL_PROCESS = 0x8000_0000;
const ERRNO = 0x0005_0000;
const { EPERM, ENOSYS, EAFNOSUPPORT } = constants.errno;
const fail = (errno: number) => result(ERRNO | errno);

/** AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64: numbers of system calls mean something else on others. */
const ARCHITECTURES: Readonly<Record<string, number>> = { x64: 0xc000_003e, arm64: 0xc000_00b7 };
/** Of x64: the numbers of a third table begin here, by which the same calls can be made. */
const X32 = 0x4000_0000;

/** Calls that fail with EPERM, whatever their arguments. */
const REFUSED: readonly SyscallName[] = [
  // Keyrings: those of a user are not the namespaces' to separate on every kernel.
  'add_key',
  'keyctl',
  'request_key',
  // Programs in the kernel, and a look into it.
  'bpf',
  'perf_event_open',
  'syslog',
  // Makes races in the kernel easy to win.
  'userfaultfd',
  // Runs system calls where no filter sees them.
  'io_uring_enter',
  'io_uring_register',
  'io_uring_setup',
  // Files by handles, which know of no root directory; the kernel itself.
  'delete_module',
  'finit_module',
  'init_module',
  'kexec_file_load',
  'kexec_load',
  'open_by_handle_at',
];

const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;

/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET. AF_VSOCK is in no network namespace. */
const FAMILIES = [1, 2, 10, 16, 17];

/** What a filter is to allow. */
export interface FilterOptions {
  readonly nestedUserNamespaces?: boolean | undefined;
}

/** The instructions for a machine. */
export function filterFor(
  machine: string,
  { nestedUserNamespaces = false }: FilterOptions = {},
): Instruction[] {
  const architecture = ARCHITECTURES[machine];
  if (architecture === undefined) throw new Error(`there is no filter for ${machine}`);
  const { NUMBER, ARCHITECTURE, argument } = SECCOMP_DATA;
  const call = (name: SyscallName, then: readonly Instruction[]) =>
    whenEqual(syscallNumber(name, machine), then);
  const withoutFlag = (name: SyscallName) =>
    call(name, [load(argument(0)), ...whenAnyBit(CLONE.NEWUSER, [fail(EPERM)]), result(ALLOW)]);
  const nested = [
    ...withoutFlag('clone'),
    ...withoutFlag('unshare'),
    // Its flags are in memory, where a filter does not see them; C libraries go on with clone.
    ...call('clone3', [fail(ENOSYS)]),
  ];
  return [
    load(ARCHITECTURE),
    ...unlessEqual(architecture, [result(KILL_PROCESS)]),
    load(NUMBER),
    ...(machine === 'x64' ? whenAtLeast(X32, [fail(ENOSYS)]) : []),
    ...REFUSED.flatMap((name) => call(name, [fail(EPERM)])),
    ...call('ioctl', [
      load(argument(1)),
      ...[TIOCSTI, TIOCLINUX].flatMap((request) => whenEqual(request, [fail(EPERM)])),
      result(ALLOW),
    ]),
    ...call('socket', [
      load(argument(0)),
      ...FAMILIES.flatMap((family) => whenEqual(family, [result(ALLOW)])),
      fail(EAFNOSUPPORT),
    ]),
    ...(nestedUserNamespaces ? [] : nested),
    result(ALLOW),
  ];
}

/** The filter of this machine, as spawn takes it. */
export const filterOf = (options: FilterOptions): Uint8Array =>
  assemble(filterFor(process.arch, options));
