// /proc and /sys: parameters of the kernel, its memory and its tables.
import { constants } from 'node:fs';
import type { Calls } from '../calls.js';
import { blocked, judge, limited, listed, type Probe } from '../probe.js';

const SYSCTLS = [
  'fs/file-max',
  'fs/protected_hardlinks',
  'fs/suid_dumpable',
  'kernel/core_pattern',
  'kernel/hostname',
  'kernel/kptr_restrict',
  'kernel/modprobe',
  'kernel/ns_last_pid',
  'kernel/panic',
  'kernel/pid_max',
  'kernel/poweroff_cmd',
  'kernel/randomize_va_space',
  'kernel/shmmax',
  'kernel/sysrq',
  'kernel/threads-max',
  'kernel/unprivileged_bpf_disabled',
  'net/ipv4/ip_forward',
  'net/ipv4/conf/all/accept_redirects',
  'net/core/somaxconn',
  'user/max_user_namespaces',
  'vm/drop_caches',
  'vm/mmap_min_addr',
  'vm/overcommit_memory',
  'vm/panic_on_oom',
].map((name) => `/proc/sys/${name}`);
const SWITCHES = [
  '/proc/acpi',
  '/proc/bus/pci/devices',
  '/proc/fs/nfsd',
  '/proc/irq/default_smp_affinity',
  '/proc/mtrr',
  '/proc/scsi/scsi',
  '/proc/sysrq-trigger',
  '/proc/timer_list',
  '/proc/sys/fs/binfmt_misc/register',
  '/proc/dynamic_debug/control',
  '/proc/slabinfo',
];
const SYS_SWITCHES = [
  '/sys/power/state',
  '/sys/kernel/uevent_helper',
  '/sys/kernel/mm/transparent_hugepage/enabled',
  '/sys/kernel/kexec_crash_size',
  '/sys/kernel/security/lsm',
  '/sys/devices/system/cpu/online',
  '/sys/class/net/lo/mtu',
  '/sys/firmware/efi/efivars',
  '/sys/module',
  '/sys/block',
  '/sys/bus/pci/rescan',
];
const GROUPS = [
  'cgroup.procs',
  'cgroup.subtree_control',
  'cgroup.kill',
  'memory.max',
  'pids.max',
  'release_agent',
  'memory/release_agent',
  'devices/devices.allow',
  'unified/cgroup.procs',
  'memory/tasks',
  'pids/tasks',
].map((name) => `/sys/fs/cgroup/${name}`);
const MEMORY = ['/proc/kcore', '/proc/kpagecgroup', '/proc/kpagecount', '/proc/kpageflags'];
const TABLES = [
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/pagetypeinfo',
  '/proc/sched_debug',
  '/proc/slabinfo',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/vmallocinfo',
];
const INTERRUPTS = [
  '/proc/interrupts',
  '/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count',
];
const MACHINE = [
  '/proc/cmdline',
  '/proc/config.gz',
  '/proc/cpuinfo',
  '/proc/diskstats',
  '/proc/iomem',
  '/proc/ioports',
  '/proc/key-users',
  '/proc/loadavg',
  '/proc/meminfo',
  '/proc/modules',
  '/proc/partitions',
  '/proc/stat',
  '/proc/version',
  '/proc/vmstat',
  '/proc/zoneinfo',
  '/sys/kernel/notes',
  '/sys/class/dmi/id/product_name',
];
const FIRMWARE_DIRECTORIES = [
  '/sys/firmware',
  '/sys/kernel/debug',
  '/sys/kernel/security',
  '/sys/kernel/tracing',
  '/sys/devices/virtual/powercap',
];
const FIRMWARE_FILES = ['board_serial', 'chassis_serial', 'product_serial', 'product_uuid'].map(
  (name) => `/sys/class/dmi/id/${name}`,
);
const CAP_SYS_ADMIN =
  'cap_sys_admin permits to unmount what hides it, and the root user of the host owns it: see `user`.';

/** Looks for files that may be written to, by their modes and by the mount; nothing is written. */
function writableOf(calls: Calls, paths: readonly string[]): () => string[] {
  const tried = paths.map((path) => [path, calls.mayAccess(path, constants.W_OK)] as const);
  const stats = new Map(paths.map((path) => [path, calls.stat(path)]));
  // What hides a file is /dev/null, which everything can be written to.
  return () =>
    tried
      .filter(([path, may]) => may() && stats.get(path)?.()?.kind !== 'character')
      .map(([path]) => path);
}

/** Looks for files that have a content for this process. */
function contentOf(calls: Calls, paths: readonly string[]): () => string[] {
  const tried = paths.map((path) => [path, calls.read(path)] as const);
  return () => tried.filter(([, text]) => (text() ?? '').trim() !== '').map(([path]) => path);
}

function writing(paths: readonly string[], title: string, hint: string): Probe {
  return {
    area: 'proc and sys',
    title,
    hint,
    prepare(calls) {
      const found = writableOf(calls, paths);
      return () => judge(found(), `${paths.length} files tried`);
    },
  };
}

export const procProbes = {
  sysctls: writing(SYSCTLS, 'parameters of the kernel can be set', CAP_SYS_ADMIN),
  'proc-switches': writing(SWITCHES, 'other files of /proc can be written to', CAP_SYS_ADMIN),
  'sys-switches': writing(SYS_SWITCHES, 'files of /sys can be written to', CAP_SYS_ADMIN),
  cgroups: writing(
    GROUPS,
    'cgroups can be changed, and so limits',
    'No option shows a cgroup tree that can be written to.',
  ),
  'kernel-memory': {
    area: 'proc and sys',
    title: 'memory of the kernel and of the machine can be read',
    hint: CAP_SYS_ADMIN,
    prepare(calls) {
      const tried = MEMORY.map((path) => ({
        path,
        stat: calls.stat(path),
        opened: calls.open(path, 0),
      }));
      return () => {
        const found = tried.filter(
          ({ stat, opened }) => stat()?.kind === 'file' && opened.result() >= 0,
        );
        return judge(
          found.map(({ path }) => path),
          `${MEMORY.length} files tried`,
        );
      };
    },
  },
  'kernel-tables': {
    area: 'proc and sys',
    title: 'tables of the kernel can be read: keys, timers, allocations',
    hint: CAP_SYS_ADMIN,
    prepare(calls) {
      const found = contentOf(calls, TABLES);
      return () => judge(found(), `${TABLES.length} files tried`);
    },
  },
  interrupts: {
    area: 'proc and sys',
    title: 'counts of interrupts can be read, which tell of keystrokes and load',
    hint: 'Add the files to `mask`.',
    prepare(calls) {
      const found = contentOf(calls, INTERRUPTS);
      return () => judge(found(), `${INTERRUPTS.length} files tried`);
    },
  },
  firmware: {
    area: 'proc and sys',
    title: 'firmware, serial numbers, tracing and debugging files can be read',
    hint: CAP_SYS_ADMIN,
    prepare(calls) {
      const lists = FIRMWARE_DIRECTORIES.map((path) => [path, calls.list(path)] as const);
      const files = contentOf(calls, FIRMWARE_FILES);
      return () => {
        const directories = lists
          .filter(([, names]) => (names() ?? []).length > 0)
          .map(([path]) => path);
        return judge(
          [...directories, ...files()],
          `${FIRMWARE_DIRECTORIES.length + FIRMWARE_FILES.length} paths tried`,
        );
      };
    },
  },
  machine: {
    area: 'proc and sys',
    title: 'what the kernel tells of the machine: processors, memory, disks, load, command line',
    hint: 'Add the files to `mask`; programs need most of them.',
    prepare(calls) {
      const found = contentOf(calls, MACHINE);
      return () => (found().length > 0 ? limited(listed(found())) : blocked('nothing'));
    },
  },
} satisfies Record<string, Probe>;
