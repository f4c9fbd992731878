// Mount events of fanotify(7): the mounts that have been attached, moved or detached.
import { SystemError } from '@ns/core';
import { closeFd, O_CLOEXEC, syscall, trySyscall } from '@ns/core/sys';

const FAN_CLOEXEC = 0x1;
const FAN_NONBLOCK = 0x2;
const FAN_REPORT_MNT = 0x4000;
const FAN_MARK_ADD = 0x1;
const FAN_MARK_MNTNS = 0x110;
const FAN_Q_OVERFLOW = 0x4000n;
const FAN_MNT_ATTACH = 0x100_0000;
const FAN_MNT_DETACH = 0x200_0000;
const FAN_EVENT_INFO_TYPE_MNT = 7;
const EAGAIN = 11;

// Offsets in struct fanotify_event_metadata and in the information that follows it.
const METADATA = { length: 0, size: 6, mask: 8 } as const;
const INFO = { type: 0, length: 2, mount: 8 } as const;
const BUFFER_SIZE = 1 << 14;
// The kernel's own default for its queue.
const MOST = 1 << 14;

/** The content of events. */
export class MountEvents {
  /** Unique ids of mounts that have events, in the order of the first event of each. */
  readonly ids = new Set<bigint>();
  /** True if there were more than a queue holds: any mount may have changed. */
  overflowed = false;
}

/** Adds the events in a buffer that was read from a fanotify descriptor. */
export function decodeMountEvents(bytes: Buffer, events: MountEvents): void {
  for (let start = 0; start < bytes.length; ) {
    const end = start + bytes.readUInt32LE(start + METADATA.length);
    if ((bytes.readBigUInt64LE(start + METADATA.mask) & FAN_Q_OVERFLOW) !== 0n) {
      events.overflowed = true;
    }
    let info = start + bytes.readUInt16LE(start + METADATA.size);
    while (info < end) {
      if (bytes.readUInt8(info + INFO.type) === FAN_EVENT_INFO_TYPE_MNT) {
        events.ids.add(bytes.readBigUInt64LE(info + INFO.mount));
      }
      info += bytes.readUInt16LE(info + INFO.length);
    }
    start = end;
  }
}

/**
 * Opens a descriptor that reports mounts attached and detached in a mount namespace, from now on.
 *
 * @param namespace descriptor of the namespace
 * @throws {SystemError} EINVAL before Linux 6.15; EPERM without CAP_SYS_ADMIN; EMFILE
 */
export function openMountEvents(namespace: number): number {
  const flags = FAN_REPORT_MNT | FAN_CLOEXEC | FAN_NONBLOCK;
  const fd = syscall('fanotify_init', flags, O_CLOEXEC);
  try {
    const mask = FAN_MNT_ATTACH | FAN_MNT_DETACH;
    syscall('fanotify_mark', fd, FAN_MARK_ADD | FAN_MARK_MNTNS, mask, namespace, null);
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/** Adds all events in the descriptor's queue, so that it is no longer readable. */
export function readMountEvents(fd: number, events: MountEvents): void {
  const buffer = Buffer.allocUnsafeSlow(BUFFER_SIZE);
  for (;;) {
    const length = trySyscall('read', fd, buffer, buffer.length);
    if (length === -EAGAIN) return;
    if (length < 0) throw new SystemError(-length, 'read', [fd]);
    decodeMountEvents(buffer.subarray(0, length), events);
    if (events.ids.size <= MOST) continue;
    events.ids.clear();
    events.overflowed = true;
  }
}
