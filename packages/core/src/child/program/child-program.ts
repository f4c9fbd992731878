// The whole program of a child, made of its plan. Pure: nothing is opened or called here.

import { type Call, type MeetingAction, ParentDescriptor, stepEntry } from '../../program/call.js';
import { explain } from '../../program/explain.js';
import { Program } from '../../program/program.js';
import { phases } from '../../program/spec.js';
import { formatCall } from '../../sys/format-call.js';
import type { ChildPlan } from '../plan.js';
import type { ChildDescriptor } from '../stdio.js';
import { carryAcross } from './descriptor-copies.js';
import { becomeCommand } from './exec.js';
import { expandMeetings } from './meetings.js';
import { enterNamespaces, goOnInReplacement, phasesOfEntering } from './namespaces.js';
import { endWithParent } from './parent-death.js';
import { setUpProcess } from './process-setup.js';

/** Descriptors that exist once the child is about to be made. */
export interface ProgramDescriptors {
  readonly stdio: readonly ChildDescriptor[];
  /** Duplicates of descriptors that the caller may close before the clone. */
  readonly duplicates?: ReadonlyMap<number, number> | undefined;
  /** Parent's pidfd, for parentDeathSignal of a child that is not isolated. */
  readonly parent: number;
  /** Only for isolated children. */
  readonly runner?: {
    readonly fd: number;
    /** File of the memory that the program is in. */
    readonly job: number;
    /** Write end: tells the parent of meetings, of exec (end of file) and of init's child. */
    readonly status: number;
    /** Read end: a byte lets the child go on after a meeting. */
    readonly go: number;
  };
}

/** The finished program. */
export interface ChildProgram {
  readonly entries: readonly Call[];
  readonly meetings: readonly MeetingAction[];
  /** The number that each of the parent's descriptors has in the child, where it differs. */
  readonly copies: ReadonlyMap<number, number>;
}

/** Adds the calls after the phases: attributes of the process, then its exec. */
function finish(
  program: Program,
  plan: ChildPlan,
  tellsEnd: number,
  stdio: readonly ChildDescriptor[],
): void {
  setUpProcess(program, plan.child);
  endWithParent(program, plan, tellsEnd);
  becomeCommand(program, plan, tellsEnd, stdio);
}

/** The program of a child that execs while it still has its parent's memory. */
function directProgram(
  plan: ChildPlan,
  { stdio, parent, duplicates }: ProgramDescriptors,
): ChildProgram {
  const program = new Program();
  endWithParent(program, plan, parent);
  for (const phase of phases) program.append(plan.programs[phase] ?? []);
  finish(program, plan, parent, stdio);
  return { entries: program.entries, meetings: [], copies: duplicates ?? new Map() };
}

/** The parent's descriptors that calls name. */
export function parentDescriptors(program: Program): number[] {
  return program.entries.flatMap(({ args }) =>
    args.filter((argument) => argument instanceof ParentDescriptor).map(({ fd }) => fd),
  );
}

/** The program of a child that runs in the runner, in memory of its own. */
function isolatedProgram(
  plan: ChildPlan,
  { stdio, runner, duplicates }: ProgramDescriptors,
): ChildProgram {
  if (!runner) throw new TypeError('an isolated child needs the runner');
  const entering = new Program();
  enterNamespaces(entering, plan);
  // What is neither a join nor the making of a namespace takes ids.
  for (const call of entering.entries) call.part ??= 'user';
  const settingUp = new Program();
  for (const phase of phases) {
    if (!phasesOfEntering.has(phase)) settingUp.append(plan.programs[phase] ?? []);
  }

  const program = new Program();
  const copies = carryAcross(
    program,
    [
      ...[runner.job, runner.status, runner.go],
      ...[...parentDescriptors(entering), ...parentDescriptors(settingUp)],
      ...stdio.map(({ source }) => source),
    ],
    [runner.fd, ...stdio.map(({ target }) => target)],
    duplicates,
  );
  const copyOf = (fd: number) => copies.get(fd) as number;
  const argv = ['ns-runner', String(copyOf(runner.job))];
  program.append([stepEntry('isolate', [runner.fd, argv, []])]);

  const status = copyOf(runner.status);
  // Readable or not, a pipe whose reader has gone reports that.
  endWithParent(program, plan, status);
  program.append(entering);
  goOnInReplacement(program, plan, status);
  program.append(settingUp);
  const copied = stdio.map((one) => ({ ...one, source: copyOf(one.source) }));
  finish(program, plan, status, copied);
  return { ...expandMeetings(program.entries, status, copyOf(runner.go)), copies };
}

/** The child's whole program. */
export function childProgram(plan: ChildPlan, descriptors: ProgramDescriptors): ChildProgram {
  const made = plan.isolated
    ? isolatedProgram(plan, descriptors)
    : directProgram(plan, descriptors);
  const entries = plan.edit ? plan.edit(made.entries) : made.entries;
  return { ...made, entries: plan.first ? [...plan.first, ...entries] : entries };
}

/** Returns the calls that a child would make, the clone included, as strace(1) shows them. */
export function explainPlan(plan: ChildPlan): string {
  const stdio = [0, 1, 2].map((fd) => ({ target: fd, source: fd }));
  const runner = { fd: 6, job: 3, status: 4, go: 5 };
  const { entries } = childProgram(plan, { stdio, runner, parent: 7 });
  return `${formatCall('clone3', [plan.clone.flags])}\n${explain(entries)}`;
}
