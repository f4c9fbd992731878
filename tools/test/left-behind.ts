// What a test leaves behind in its process.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * Descriptors that stay for the life of the process: what the event loop opens when it is first
 * used for something, and the runner of @ns/core.
 */
const permanent = /^anon_inode:\[(eventpoll|eventfd|io_uring)\]$|^\/memfd:ns-runner /;

/** Runs `read`, and is undefined when what it looks at has just gone. */
function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      return undefined;
    }
    throw error;
  }
}

/** Returns the targets of open descriptors. The one that reads the directory is already closed. */
function openFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const fd of readdirSync('/proc/self/fd')) {
    const target = unlessGone(() => readlinkSync(`/proc/self/fd/${fd}`));
    if (target !== undefined && !permanent.test(target)) files.set(fd, target);
  }
  return files;
}

const threads = () => readdirSync('/proc/self/task').map((thread) => `/proc/self/task/${thread}`);

function children(): Set<string> {
  const pids = threads().flatMap(
    (thread) => unlessGone(() => readFileSync(`${thread}/children`, 'utf8'))?.split(' ') ?? [],
  );
  return new Set(pids.filter((pid) => pid !== ''));
}

function namespacesOf(thread: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of unlessGone(() => readdirSync(`${thread}/ns`)) ?? []) {
    const id = unlessGone(() => readlinkSync(`${thread}/ns/${name}`));
    if (id !== undefined) found.set(name, id);
  }
  return found;
}

/** State of a process that its tests may not change. */
export interface State {
  /** Target of each open descriptor. */
  files: Map<string, string>;
  /** Pids of the children, zombies included. */
  children: Set<string>;
  /** Namespaces of the calling thread. */
  namespaces: Map<string, string>;
}

/** The state of this process. */
export function currentState(): State {
  return {
    files: openFiles(),
    children: children(),
    namespaces: namespacesOf('/proc/thread-self'),
  };
}

/** Returns the differences from `before`, in whose namespaces every thread must still be. */
export function leftBehind(before: State): string[] {
  const found: string[] = [];
  for (const [fd, target] of openFiles()) {
    if (before.files.get(fd) !== target) found.push(`descriptor ${fd} is open: ${target}`);
  }
  for (const pid of children()) {
    if (before.children.has(pid)) continue;
    const command = unlessGone(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
    found.push(`child ${pid} is left: ${command?.slice(0, 60) ?? 'just gone'}`);
  }
  for (const thread of threads()) {
    for (const [name, id] of namespacesOf(thread)) {
      const home = before.namespaces.get(name);
      if (home !== id) found.push(`${thread} is in ${id}, not in ${home}`);
    }
  }
  return found;
}
