// The steps that make a child, up to the exec of its command, as a generator: launch.ts drives
// it with or without blocking. Whatever is open on the way is put on the rollback list.
import { constants } from 'node:fs';
import type { Rollback } from '../contract/rollback.js';
import { type Arena, mapJob, openJob, releaseArena, takePrivateArena } from '../program/arena.js';
import type { Call, MeetingAction } from '../program/call.js';
import { Layout, memoryFor } from '../program/layout.js';
import { endedEarly, programError } from '../program/program-error.js';
import { closeFd, pipe } from '../sys/fd.js';
import { CLONE, F } from '../sys/flags.js';
import { syscall, trySyscall } from '../sys/syscall.js';
import { SystemError } from '../sys/system-error.js';
import { reapAndClose } from '../sys/wait.js';
import { PendingChild } from './pending-child.js';
import type { ChildPlan } from './plan.js';
import { childProgram } from './program/child-program.js';
import { openRunner } from './runner.js';
import type { Stdio } from './stdio.js';

/** A child that has exec'ed its command, or our init with the command below it. */
export interface Launched {
  readonly pid: number;
  readonly pidfd: number;
  /** Where init writes the command's wait status at the end; -1 without init. */
  readonly report: number;
}

/** The event that a step waits for. The answer to `clone` is its result. */
export type Wait =
  | {
      readonly kind: 'clone';
      readonly job: bigint;
      /** Kills the child if it is there already, whether it has exec'ed or not. */
      readonly kill: () => void;
    }
  | { readonly kind: 'readable'; readonly fd: number }
  | { readonly kind: 'action'; readonly run: () => void | Promise<void> };

/** The steps of a launch. */
export type Steps = Generator<Wait, Launched, number>;

/** init's word that the command has exec'ed; any other message asks for the next meeting. */
const EXECUTED = 'E'.charCodeAt(0);
const SIGKILL = 9;

function* cloneChild(layout: Layout, plan: ChildPlan): Generator<Wait, number, number> {
  const kill = () => {
    // The kernel has noted it before the child runs, which is while the cloning thread still waits.
    const { pidfd } = layout;
    if (pidfd >= 0) trySyscall('pidfd_send_signal', pidfd, SIGKILL, null, 0);
  };
  const pid = yield { kind: 'clone', job: layout.address, kill };
  if (pid >= 0) return pid;
  const { flags } = plan.clone;
  const part = flags === CLONE.INTO_CGROUP ? 'cgroup' : 'namespaces';
  throw new SystemError(-pid, 'clone3', [flags], flags === 0 ? {} : { part });
}

/** Returns true if the child came to its last call. Later failures are its command's. */
function cameToEnd({ latest }: Layout, entries: readonly Call[]): boolean {
  return latest === entries.at(-1) || latest?.name === 'execve';
}

/** A child that execs its command while it still shares our memory. */
function* direct(plan: ChildPlan, stdio: Stdio, parent: number, rollback: Rollback): Steps {
  const { duplicates } = plan;
  const { entries, copies } = childProgram(plan, { stdio: stdio.descriptors, parent, duplicates });
  const arena = takePrivateArena(memoryFor(entries));
  const release = rollback.add(() => releaseArena(arena));
  const layout = new Layout(arena, entries, plan.clone, copies);
  const pid = yield* cloneChild(layout, plan);
  const { pidfd } = layout;
  const error = programError(layout, entries, 'the child');
  if (error || !cameToEnd(layout, entries)) {
    const exit = reapAndClose(pidfd);
    throw error ?? endedEarly(exit);
  }
  plan.harvest?.(layout);
  release();
  stdio.closeChildEnds();
  return { pid, pidfd, report: -1 };
}

function openPipe(rollback: Rollback) {
  const { read, write } = pipe();
  const closeRead = rollback.add(() => closeFd(read));
  const closeWrite = rollback.add(() => closeFd(write));
  return { read, write, closeRead, closeWrite };
}

/** Lets the parent act while the child waits. What the child's calls returned is known meanwhile. */
function* meet(
  action: MeetingAction,
  child: PendingChild,
  layout: Layout,
): Generator<Wait, void, number> {
  let over = false;
  const resultOf = (call: Call) => {
    if (over) throw new Error('resultOf is for the time of the meeting');
    return layout.resultOf(call);
  };
  const { pid, pidfd } = child;
  yield { kind: 'action', run: () => action({ pid, pidfd, resultOf }) };
  over = true;
}

/** A child that runs its program in the runner, and meets us on the way. */
function* isolated(plan: ChildPlan, stdio: Stdio, rollback: Rollback): Steps {
  const status = openPipe(rollback);
  const go = openPipe(rollback);
  const runner = openRunner();
  const closeRunner = rollback.add(() => closeFd(runner));
  const job = openJob();
  let arena: Arena | undefined;
  const release = rollback.add(() => (arena ? releaseArena(arena) : closeFd(job)));
  const { entries, meetings, copies } = childProgram(plan, {
    stdio: stdio.descriptors,
    parent: -1,
    duplicates: plan.duplicates,
    runner: { fd: runner, job, status: status.write, go: go.read },
  });
  arena = mapJob(job, memoryFor(entries));
  const layout = new Layout(arena, entries, plan.clone, copies);
  const child = new PendingChild(yield* cloneChild(layout, plan), layout);
  closeRunner();
  let exit: ReturnType<PendingChild['end']>;
  const end = rollback.add(() => {
    exit = child.end();
  });
  stdio.closeChildEnds();
  status.closeWrite();

  const message = new Uint8Array(1);
  const remaining = [...meetings];
  let executed = false;
  for (;;) {
    yield { kind: 'readable', fd: status.read };
    const length = syscall('read', status.read, message, 1);
    child.follow();
    executed = length === 1 && message[0] === EXECUTED;
    const action = remaining[0];
    if (length === 0 || executed || !action) break;
    remaining.shift();
    yield* meet(action, child, layout);
    syscall('write', go.write, message, 1);
  }
  const error = programError(layout, entries, 'the child');
  if (error) throw error;
  // Without init, the end of the file may be the exec; with it, one before its word is a death.
  if (plan.init ? !executed : !cameToEnd(layout, entries)) {
    end();
    throw endedEarly(exit);
  }
  // A process inside can hold the other end open longer than the command lives.
  if (plan.init) syscall('fcntl', status.read, F.SETFL, constants.O_NONBLOCK);
  child.reapFirst();
  go.closeRead();
  go.closeWrite();
  plan.harvest?.(layout);
  release();
  if (!plan.init) status.closeRead();
  return { pid: child.pid, pidfd: child.pidfd, report: plan.init ? status.read : -1 };
}

/** The steps for this plan. */
export function launchSteps(plan: ChildPlan, stdio: Stdio, rollback: Rollback): Steps {
  if (plan.isolated) return isolated(plan, stdio, rollback);
  if (plan.parentSignal === 0) return direct(plan, stdio, -1, rollback);
  const parent = syscall('pidfd_open', process.pid, 0);
  rollback.always(() => closeFd(parent));
  return direct(plan, stdio, parent, rollback);
}
