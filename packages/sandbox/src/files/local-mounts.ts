// Which file systems answer by themselves.
import { readFileSync } from 'node:fs';

/** Types that the kernel serves from the machine's own memory and disks: no call on them can hang. */
const LOCAL = new Set([
  ...['bcachefs', 'binfmt_misc', 'bpf', 'btrfs', 'cgroup', 'cgroup2', 'configfs', 'debugfs'],
  ...['devpts', 'devtmpfs', 'efivarfs', 'erofs', 'exfat', 'ext2', 'ext3', 'ext4', 'f2fs'],
  ...['hugetlbfs', 'iso9660', 'mqueue', 'nsfs', 'ntfs3', 'overlay', 'proc', 'pstore', 'ramfs'],
  ...[
    'securityfs',
    'selinuxfs',
    'squashfs',
    'sysfs',
    'tmpfs',
    'tracefs',
    'udf',
    'vfat',
    'xfs',
    'zfs',
  ],
]);

/** True if all mounts that a process sees are of such types. Reading the list asks no file system. */
export function hasLocalMountsOnly(pid: number): boolean {
  return readFileSync(`/proc/${pid}/mountinfo`, 'latin1')
    .split('\n')
    .filter((line) => line !== '')
    .every((line) => LOCAL.has(line.split(' - ')[1]?.split(' ')[0] ?? ''));
}
