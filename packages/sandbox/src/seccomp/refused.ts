// Calls that commands of a sandbox rarely need, and that reach past every namespace or into large parts
// of the kernel that often had holes.
import { constants } from 'node:os';
import { ALLOW, fail, loadArgument, result, whenAnyBit, whenEqual } from './bpf.js';
import { type Rule, refuse, refuseValues } from './rule.js';

const { EPERM } = constants.errno;

const whole = [
  // Keyrings: on some kernels no namespace separates those of a user.
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
  // Watches files of the host; programs use inotify(7).
  'fanotify_init',
  'fanotify_mark',
  // Compares addresses in the kernel: an exploit sees by it whether it has won.
  'kcmp',
  // Keeps the machine from hibernating.
  'memfd_secret',
  // Quotas of the host's file systems.
  'quotactl',
  // Files by handles, which know of no root directory; the kernel itself.
  'delete_module',
  'finit_module',
  'init_module',
  'kexec_file_load',
  'kexec_load',
  'name_to_handle_at',
  'open_by_handle_at',
] as const;

const MODIFY_LDT = 154; // segments for programs of 16 bits, with a long history of holes
const USELIB = 134;
const USTAT = 136;
const SYSFS = 139;
const ofX64 = [MODIFY_LDT, USELIB, USTAT, SYSFS];

/**
 * TIOCSTI and TIOCLINUX type into a terminal. TIOCSETD gives a terminal another line discipline: drivers
 * of modems, which any pseudo-terminal loads into the kernel.
 */
const TERMINAL_REQUESTS = [0x5412, 0x541c, 0x5423];

/**
 * F_SETLEASE and F_SETDELEG make other processes wait that open the file, those of the host too.
 * F_NOTIFY sends signals about directories of the host.
 */
const FILE_COMMANDS = [1024, 1040, 1026];

/** PER_LINUX32, UNAME26 and ADDR_NO_RANDOMIZE: what setarch(1) and debuggers ask for. */
const PERSONALITIES = 0x0008 | 0x2_0000 | 0x4_0000;
const READ_PERSONALITY = 0xffff_ffff;

/** For every sandbox. */
export const refusedCalls: readonly Rule[] = [
  ...[...whole, ...ofX64].map(refuse),
  refuseValues('ioctl', 1, TERMINAL_REQUESTS),
  refuseValues('fcntl', 1, FILE_COMMANDS),
  [
    'personality',
    [
      loadArgument(0),
      ...whenEqual(READ_PERSONALITY, [result(ALLOW)]),
      ...whenAnyBit(~PERSONALITIES >>> 0, [fail(EPERM)]),
    ],
  ],
];
