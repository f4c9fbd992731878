// Pressure triggers: the kernel reports that tasks of a group have waited for a resource for too long.
import { constants } from 'node:fs';
import { type Duration, SystemError, Watch, type WatchSource } from '@ns/core';
import { type Members, parse } from '@ns/core/authors';
import { closeFd, duplicate, O_CLOEXEC, watch as poll, syscall, trySyscall } from '@ns/core/sys';
import { ControlFiles, fileError } from './control-files.js';
import { watchRemovals } from './watch-events.js';

const EPOLL_CTL_ADD = 1;
const EPOLLPRI = 2;
const EPERM = 1;
const EINVAL = 22;
const WINDOW_MIN = 500_000;
const WINDOW_MAX = 10_000_000;

/** A resource that tasks wait for. */
export type PressureResource = 'cpu' | 'memory' | 'io' | 'irq';

/** Options of {@link Cgroup.watchPressure}. */
export interface PressureWatchOptions {
  resource: PressureResource;
  /** The time that at least one task has waited within the window. Either this or `full`. */
  some?: Duration | undefined;
  /** The time that all tasks have waited within the window. Either this or `some`. */
  full?: Duration | undefined;
  /** From 500ms to 10s; without CAP_SYS_RESOURCE a multiple of 2s. Default: 2s. */
  window?: Duration | undefined;
  /** Ends the watch: its reader gets an AbortError. */
  signal?: AbortSignal | undefined;
}

/** A window in which tasks have waited too long. */
export interface PressureEvent {
  readonly resource: PressureResource;
  /** `some` if at least one task has waited, `full` if all have. */
  readonly kind: 'some' | 'full';
}

const parsePressure = parse.options({
  resource: parse.required(parse.oneOf('cpu', 'memory', 'io', 'irq')),
  some: parse.microseconds,
  full: parse.microseconds,
  window: parse.withDefault(parse.microseconds, 2_000_000),
  signal: parse.abortSignal,
} satisfies Members<PressureWatchOptions>);

/** A trigger in normal form: the event, and the text for the kernel. */
interface Trigger extends PressureEvent {
  readonly text: string;
}

function triggerOf({ resource, some, full, window }: ReturnType<typeof parsePressure>): Trigger {
  const stall = some ?? full;
  if (stall === undefined || (some !== undefined && full !== undefined)) {
    throw new TypeError('either options.some or options.full must be given');
  }
  const kind = some === undefined ? 'full' : 'some';
  if (window < WINDOW_MIN || window > WINDOW_MAX) {
    parse.outOfRange('options.window', 'from 500ms to 10s', `${window}us`);
  }
  if (stall < 1 || stall > window) {
    parse.outOfRange(`options.${kind}`, 'positive and at most the window', `${stall}us`);
  }
  return { resource, kind, text: `${kind} ${stall} ${window}` };
}

/** Returns struct epoll_event, which is packed on x86-64 only. Its data is not used. */
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
      hint: 'Without CAP_SYS_RESOURCE the window must be a multiple of 2s (Linux 6.5); before, triggers need it.',
    });
  }
  throw fileError(-result, 'write', `${files.path}/${file}`, text);
}

function openSource(
  group: ControlFiles,
  { resource, kind, text }: Trigger,
  wake: () => void,
): WatchSource<PressureEvent> {
  // The caller may close its object before the watch.
  const files = new ControlFiles(group.path, duplicate(group.fd));
  const closers = [() => files.close()];
  const closeAll = () => {
    for (const close of closers) close();
  };
  try {
    const fd = arm(files, `${resource}.pressure`, text);
    closers.unshift(() => closeFd(fd));
    const removals = watchRemovals(files.fd, wake);
    closers.unshift(() => removals.close());
    // The event loop does not wait for priority events. An epoll instance makes them readable.
    const epoll = syscall('epoll_create1', O_CLOEXEC);
    closers.unshift(() => closeFd(epoll));
    syscall('epoll_ctl', epoll, EPOLL_CTL_ADD, fd, epollEvent());
    let fired = 0;
    // A poll resets the trigger, and the event loop has polled: it must not be polled again.
    const handle = poll(epoll, { readable: true }, () => {
      fired++;
      wake();
    });
    return {
      take: () => {
        if (files.isGone()) return undefined;
        return Array.from({ length: fired }, () => {
          fired--;
          return { resource, kind };
        });
      },
      close: () => {
        handle.close();
        closeAll();
      },
      ref: () => handle.ref(),
      unref: () => handle.unref(),
    };
  } catch (error) {
    closeAll();
    throw error;
  }
}

/** A watch of the pressure on a resource: at most one event in each window. */
export class PressureWatch extends Watch<PressureEvent> {
  /** @internal */
  constructor(group: ControlFiles, options: PressureWatchOptions) {
    const parsed = parsePressure(options);
    const trigger = triggerOf(parsed);
    super((wake) => openSource(group, trigger, wake), parsed.signal);
  }
}
