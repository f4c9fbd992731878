// Pressure triggers: the kernel calls when tasks of a group have waited for a resource for too long.
import { constants } from 'node:fs';
import { SystemError } from '@ns/core';
import { closeFd, O_CLOEXEC, syscall, trySyscall, watch } from '@ns/core/sys';
import { type ControlFiles, fileError } from './files.js';
import { type Duration, microseconds } from './values.js';
import type { Subscription } from './watch.js';

const EPOLL_CTL_ADD = 1;
const EPOLLPRI = 2;
const EPERM = 1;
const EINVAL = 22;
const WINDOW_MIN = 500_000;
const WINDOW_MAX = 10_000_000;

/** A resource that tasks wait for. */
export type PressureResource = 'cpu' | 'memory' | 'io' | 'irq';

/** When to be called. */
export interface PressureTrigger {
  resource: PressureResource;
  /** At least one task has waited for this long within the window... */
  some?: Duration;
  /** ...or all tasks have. One of the two. */
  full?: Duration;
  /** From 500ms to 10s; whoever is not privileged (CAP_SYS_RESOURCE): multiples of 2s. Default: 2s. */
  window?: Duration;
}

function triggerText({ resource, some, full, window = '2s' }: PressureTrigger): string {
  if (!['cpu', 'memory', 'io', 'irq'].includes(resource)) {
    throw new TypeError(`resource must be cpu, memory, io or irq: ${String(resource)}`);
  }
  if ((some === undefined) === (full === undefined)) {
    throw new TypeError('either some or full must be given');
  }
  const kind = some === undefined ? 'full' : 'some';
  const stall = microseconds(kind, some ?? full);
  const length = microseconds('window', window);
  if (length < WINDOW_MIN || length > WINDOW_MAX) {
    throw new RangeError(`window must be from 500ms to 10s: ${window}`);
  }
  if (stall < 1 || stall > length) {
    throw new RangeError(
      `${kind} must be positive and not longer than the window: ${some ?? full}`,
    );
  }
  return `${kind} ${stall} ${length}`;
}

/** struct epoll_event, which is packed on x86-64 only; of the data nothing is needed. */
function epollEvent(): Uint8Array {
  const event = new DataView(new ArrayBuffer(16));
  event.setUint32(0, EPOLLPRI, true);
  return new Uint8Array(event.buffer);
}

function arm(files: ControlFiles, file: string, text: string): number {
  const fd = files.openFile(file, constants.O_RDWR | constants.O_NONBLOCK);
  const value = new TextEncoder().encode(`${text}\0`);
  const result = trySyscall('write', fd, value, value.length);
  if (result >= 0) return fd;
  closeFd(fd);
  if (result === -EINVAL || result === -EPERM) {
    throw new SystemError(-result, 'write', [file, text], {
      hint: 'Without CAP_SYS_RESOURCE the window must be a multiple of 2s (Linux 6.5); before, there are no triggers without it.',
    });
  }
  throw fileError(-result, 'write', `${files.path}/${file}`, text);
}

/** Calls back when the trigger fires: at most once in each window. */
export function onPressure(
  files: ControlFiles,
  trigger: PressureTrigger,
  listener: () => void,
): Subscription {
  const text = triggerText(trigger);
  const fd = arm(files, `${trigger.resource}.pressure`, text);
  // The event loop knows nothing of priority events; an epoll instance turns them into readability.
  let epoll = -1;
  try {
    epoll = syscall('epoll_create1', O_CLOEXEC);
    syscall('epoll_ctl', epoll, EPOLL_CTL_ADD, fd, epollEvent());
  } catch (error) {
    if (epoll >= 0) closeFd(epoll);
    closeFd(fd);
    throw error;
  }
  // Looking whether it has fired takes that back, and the event loop has looked: no second look.
  const poll = watch(epoll, { readable: true }, () => listener());
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    poll.close();
    closeFd(epoll);
    closeFd(fd);
  };
  const whileOpen = (act: () => void) => () => {
    if (open) act();
  };
  return {
    ref: whileOpen(() => poll.ref()),
    unref: whileOpen(() => poll.unref()),
    close,
    [Symbol.dispose]: close,
  };
}
