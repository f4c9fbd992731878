// Turns a draft into the child's whole program. Pure: nothing is opened or called here.
import { formatCall } from '../../format-call.js';
import { type Call, type MeetingAction, ParentDescriptor, stepEntry } from '../../program/call.js';
import { explain } from '../../program/explain.js';
import { privilegedAttributeCalls } from '../attributes.js';
import { type Phase, phases } from '../spec.js';
import type { ChildDescriptor } from '../stdio.js';
import { commandCalls, exitCalls, lastCalls } from './command.js';
import { Crossing } from './crossing.js';
import type { Draft } from './draft.js';
import { expandMeetings } from './meetings.js';
import { namespaceCalls, replaceCalls } from './namespaces.js';
import { parentDeathCalls } from './parent-death.js';
import { credentialCalls, directoryCalls, sessionCalls } from './process.js';

const phasesAfterClock = phases.filter((phase) => phase !== 'clock');

/** Descriptors that exist once the child is about to be made. */
export interface PlanDescriptors {
  readonly stdio: readonly ChildDescriptor[];
  /** Parent's pidfd, for parentDeathSignal of a child that is not isolated. */
  readonly parent: number;
  /** Only for isolated children. */
  readonly runner?: {
    readonly fd: number;
    readonly arena: { readonly fd: number; readonly address: number; readonly size: number };
    /** Write end: tells the parent of meetings, of exec (end of file) and of init's child. */
    readonly status: number;
    /** Read end: a byte lets the child go on after a meeting. */
    readonly go: number;
  };
}

/** The finished program. */
export interface Plan {
  readonly entries: readonly Call[];
  readonly meetings: readonly MeetingAction[];
  /** Which number each of the parent's descriptors has in the child, where it differs. */
  readonly copies: ReadonlyMap<number, number>;
}

function phaseCalls({ programs }: Draft, some: readonly Phase[]): Call[] {
  return some.flatMap((phase) => programs[phase]?.entries ?? []);
}

/** The program of a child that execs while it still has its parent's memory. */
function directPlan(plan: Draft, { stdio, parent }: PlanDescriptors): Plan {
  const { options } = plan;
  const entries = [
    ...parentDeathCalls(plan, parent),
    ...phaseCalls(plan, phases),
    ...sessionCalls(options),
    ...directoryCalls(options),
    ...privilegedAttributeCalls(options.attributes),
    ...parentDeathCalls(plan, parent),
    ...(options.command ? commandCalls(options.command, options, stdio) : exitCalls()),
  ];
  return { entries, meetings: [], copies: new Map() };
}

/** The program of a child that runs in the runner, in memory of its own. */
function isolatedPlan(plan: Draft, { stdio, runner }: PlanDescriptors): Plan {
  if (!runner) throw new TypeError('an isolated child needs the runner');
  const { options } = plan;
  const first = namespaceCalls(plan);
  const second = phaseCalls(plan, phasesAfterClock);
  const contributed = [...first, ...second];
  const sources = [
    runner.fd, // not carried over, but no copy may take its place either
    runner.arena.fd,
    runner.status,
    runner.go,
    ...stdio.map(({ source }) => source),
    ...contributed.flatMap(({ args }) =>
      args.filter((argument) => argument instanceof ParentDescriptor).map(({ fd }) => fd),
    ),
  ];
  const crossing = new Crossing(
    sources,
    stdio.map(({ target }) => target),
  );
  const [arena, status, go] = [runner.arena.fd, runner.status, runner.go].map((fd) =>
    crossing.carry(fd),
  ) as [number, number, number];
  for (const { args } of contributed) {
    for (const argument of args)
      if (argument instanceof ParentDescriptor) crossing.carry(argument.fd);
  }
  const copies = stdio.map((one) => ({ ...one, source: crossing.carry(one.source) }));

  const argv = ['ns-init', String(arena), String(runner.arena.address), String(runner.arena.size)];
  const meeting = expandMeetings([...first, ...replaceCalls(plan, status), ...second], status, go);
  const entries = [
    ...crossing.program.entries,
    stepEntry('isolate', [runner.fd, argv, []]),
    // Readable or not, a pipe whose reader has gone reports that.
    ...parentDeathCalls(plan, status),
    ...meeting.entries,
    ...sessionCalls(options),
    ...directoryCalls(options),
    ...privilegedAttributeCalls(options.attributes),
    ...credentialCalls(options),
    ...parentDeathCalls(plan, status),
    ...lastCalls(plan, status, copies),
  ];
  return { entries, meetings: meeting.meetings, copies: crossing.copies };
}

/** The child's whole program. */
export function plan(draft: Draft, descriptors: PlanDescriptors): Plan {
  const made = draft.isolated ? isolatedPlan(draft, descriptors) : directPlan(draft, descriptors);
  return draft.edit ? { ...made, entries: draft.edit(made.entries) } : made;
}

/** What a child would do, without making it: the clone and each call, as strace(1) would show. */
export function explainDraft(draft: Draft): string {
  const stdio = [0, 1, 2].map((fd) => ({ target: fd, source: fd }));
  const arena = { fd: 3, address: 0, size: 0 };
  const runner = { fd: 6, arena, status: 4, go: 5 };
  const { entries } = plan(draft, { stdio, runner, parent: 7 });
  return `${formatCall('clone3', [draft.clone.flags])}\n${explain(entries)}`;
}
