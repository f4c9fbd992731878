// Turns checked options into what the child will do: the clone and its whole program.
// Pure: nothing is opened or called here.
import { release } from 'node:os';
import { CLONE, CLOSE_RANGE_CLOEXEC, F, PR } from '../flags.js';
import { formatCall } from '../format-call.js';
import {
  allNamespaceTypes,
  flagsOf,
  type NamespaceType,
  namespaceTypes,
} from '../namespaces/types.js';
import type { CloneOptions, Layout } from '../program/layout.js';
import {
  Call,
  type CallOptions,
  explain,
  type MeetingAction,
  ParentDescriptor,
  Program,
  type ProgramArgument,
  stepEntry,
} from '../program/program.js';
import { syscallNumber } from '../sys/numbers.js';
import { lastAttributeCalls, privilegedAttributeCalls } from './attributes.js';
import type { ChildOptions, Command } from './options.js';
import { type InitOptions, type Phase, type Preparation, phases } from './spec.js';
import type { ChildDescriptor } from './stdio.js';
import { Undo } from './undo.js';

const SIG_SETMASK = 2;
const POLLIN = 1;
const TIOCSCTTY = 0x540e;
const EVERY_FD = 0xffff_ffff;
const EVERY_SIGNAL = 2n ** 64n - 1n;
const phasesAfterClock = phases.filter((phase) => phase !== 'clock');

/**
 * Before Linux 6.2 an exec stays in the time namespace that it was in, and the clone that makes one
 * enters it, which fixes its offsets. Then the child makes it by unshare, and goes on in a process
 * of its own.
 */
function timeNeedsClone(kernel: string): boolean {
  const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  return major < 6 || (major === 6 && minor < 2);
}

/** Ids of the maker of a user namespace. */
interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What the options ask for, before any descriptor exists. */
export interface Draft {
  readonly options: ChildOptions;
  readonly clone: CloneOptions;
  /** The child leaves the parent's memory first, and runs the rest in the runner. */
  readonly isolated: boolean;
  /** Our init stays as the command's parent. */
  readonly init: boolean;
  readonly initOptions: InitOptions;
  /** Who makes the new user namespace, if not the caller. */
  readonly owner: Owner | undefined;
  /** What the child gets when the parent ends; 0 for nothing. */
  readonly parentSignal: number;
  /** The runner clones itself, because a pid namespace takes effect with the next clone. */
  readonly replaced: boolean;
  /** Pids for that clone. */
  readonly setTid: readonly number[] | undefined;
  readonly programs: Readonly<Partial<Record<Phase, Program>>>;
  /** What the specifications want undone if the child cannot be made; goes on with its launch. */
  readonly undo: Undo;
  /** Reads what the calls returned, while the memory is still there. */
  readonly harvest?: (layout: Layout) => void;
  /** Changes the finished program: how tests make any of its calls fail, or wait. */
  readonly edit?: (entries: readonly Call[]) => readonly Call[];
}

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

/** Collects what the specs contribute, and after them a program of the caller's. */
export function draft(options: ChildOptions, program?: Program): Draft {
  const { specs, handles } = options;
  const creates = new Set<NamespaceType>(specs.map(({ type }) => type));
  const joins = new Set<NamespaceType>(handles.map(({ type }) => type));
  const programs: Partial<Record<Phase, Program>> = {};
  const programOf = (phase: Phase) => (programs[phase] ??= new Program());
  const undo = new Undo();
  const changesIds = options.uid !== undefined || options.gid !== undefined;
  const state = {
    isolated: changesIds || joins.size > 0,
    init: options.hold === true || options.init === true,
    initOptions: {} as InitOptions,
    owner: undefined as Owner | undefined,
    parentSignal: options.parentDeathSignal,
  };
  const clone: CloneOptions = { flags: 0 };
  let setTid: readonly number[] | undefined;

  const preparation: Preparation = {
    creates,
    joins,
    program: programOf,
    useInit: (initOptions = {}) => {
      state.init = true;
      state.initOptions = initOptions;
    },
    ownedBy: (uid, gid) => {
      state.isolated = true;
      state.owner = { uid, gid };
    },
    endWithParent: (signal) => {
      state.parentSignal = signal;
    },
    chooseTids: (tids) => {
      setTid = tids;
    },
    startInCgroup: (fd) => {
      if (options.cgroup !== undefined) {
        throw new TypeError('cgroup: a namespace specification has chosen one already');
      }
      clone.flags += CLONE.INTO_CGROUP;
      clone.cgroup = fd;
    },
    isolate: () => {
      state.isolated = true;
    },
    onFailure: (step) => {
      undo.add(step);
    },
  };
  try {
    for (const spec of specs) spec.prepare?.(preparation);
    options.prepare?.(preparation);
  } catch (error) {
    undo.failed();
    throw error;
  }
  if (program) programOf('credentials').append(program);

  const meets = Object.values(programs).some(({ entries }) => entries.some(({ action }) => action));
  const clones = creates.has('time') && timeNeedsClone(release());
  const isolated = state.isolated || state.init || meets || clones;
  const replaced = isolated && (joins.has('pid') || creates.has('pid') || clones);
  if (!isolated) {
    clone.flags += flagsOf(creates);
    if (setTid) clone.setTid = setTid;
  }
  return { ...state, options, clone, isolated, replaced, setTid, programs, undo };
}

/**
 * Joins the handles, user namespace first, then makes the new namespaces, which the joined user
 * namespace thus owns. In the runner and not by the flags of the clone: exec would take the
 * capabilities that a new user namespace brings.
 */
function namespaceCalls({ options, owner, programs }: Draft): Call[] {
  const program = new Program();
  const { handles, specs } = options;
  const types = specs.map(({ type }) => type);
  // Whoever is root in a joined namespace must not reach the runner's memory and descriptors.
  if (handles.length > 0) program.call('prctl', PR.SET_DUMPABLE, 0, 0, 0, 0);
  const find = (type: NamespaceType) => handles.find((candidate) => candidate.type === type);
  // A network may belong to another user namespace than the joined one, and then has to be joined
  // with the caller's own privileges; if it belongs to that one, with those that it brings.
  const network = find('user') && find('net');
  const joined =
    network &&
    program.call('setns', program.descriptor(network.fd), namespaceTypes.net.flag, {
      step: `joining ${network}`,
      tolerate: ['EPERM'],
    });
  for (const type of allNamespaceTypes) {
    const handle = find(type);
    if (!handle) continue;
    const fd = program.descriptor(handle.fd);
    const already = handle === network && joined ? { ifFailed: joined } : {};
    const step = `joining ${handle}`;
    program.call('setns', fd, namespaceTypes[type].flag, { step, ...already });
    program.call('close', fd);
  }
  if (owner) {
    // Whoever makes a user namespace owns it; capabilities come back with it.
    const step = 'becoming the owner of the new user namespace';
    // Where a joined user namespace denies it, nobody can have other groups than the caller's.
    const tolerate = handles.some(({ type }) => type === 'user') ? ['EPERM'] : [];
    program.call('setgroups', 0, null, { step, tolerate });
    program.call('setresgid', owner.gid, owner.gid, owner.gid, { step });
    program.call('setresuid', owner.uid, owner.uid, owner.uid, { step });
  }
  if (types.length > 0) program.call('unshare', flagsOf(types));
  // Its own files in /proc, for maps and offsets, are the process's only while it is dumpable. The
  // handles are closed by now; what is left are the command's own descriptors and two pipes.
  const dumpable = (value: 0 | 1) => program.call('prctl', PR.SET_DUMPABLE, value, 0, 0, 0);
  const writes = handles.length > 0 && (types.includes('user') || types.includes('time'));
  if (writes) dumpable(1);
  // The next clone or exec enters a new time namespace, and fixes its offsets.
  program.append(programs.clock?.entries ?? []);
  if (writes && !types.includes('user')) dumpable(0);
  return [...program.entries];
}

/** Goes on in another process, since pid namespaces, and time namespaces of old, are for children. */
function replaceCalls(draft: Draft, status: number): Call[] {
  const { replaced, setTid } = draft;
  if (!replaced) return [];
  const tids = Int32Array.from(setTid ?? []);
  const replace = stepEntry('replace', [new Uint8Array(tids.buffer), tids.length]);
  return [replace, ...parentDeathCalls(draft, status)];
}

function credentialCalls({ uid, gid }: ChildOptions): Call[] {
  const program = new Program();
  if (uid === undefined && gid === undefined) return [];
  program.call('prctl', PR.SET_DUMPABLE, 0, 0, 0, 0);
  // As child_process does: supplementary groups go if that is permitted.
  program.call('setgroups', 0, null, { tolerate: ['EPERM'] });
  if (gid !== undefined) program.call('setresgid', gid, gid, gid);
  if (uid !== undefined) program.call('setresuid', uid, uid, uid);
  return [...program.entries];
}

/**
 * Ends the child with its parent. The parent may have gone before the call, so it is asked for
 * once more: a descriptor that becomes ready with its end. Said at the start, so that no later call
 * can keep the child alive, and again whenever the kernel has forgotten it: in a new process, and
 * after a change of credentials.
 */
function parentDeathCalls({ parentSignal }: Draft, tellsEnd: number): Call[] {
  if (parentSignal === 0) return [];
  const program = new Program();
  program.call('prctl', PR.SET_PDEATHSIG, parentSignal, 0, 0, 0);
  const poll = new DataView(new ArrayBuffer(8));
  poll.setInt32(0, tellsEnd, true);
  poll.setInt16(4, POLLIN, true);
  const once = new Uint8Array(16);
  program.call('ppoll', new Uint8Array(poll.buffer), 1, once, null, 0, {
    expect: 0,
    step: 'looking whether the parent is still alive',
  });
  return [...program.entries];
}

/** Gives the child its descriptors, and marks all others close-on-exec. */
function descriptorCalls(descriptors: readonly ChildDescriptor[]): Call[] {
  const program = new Program();
  const top = Math.max(-1, ...descriptors.map(({ target }) => target));
  // A source that a target would overwrite is moved out of the way first.
  const moved = descriptors.map((descriptor) => {
    const { source, target } = descriptor;
    const overwritten = source !== target && source <= top;
    return {
      ...descriptor,
      source: overwritten ? program.call('fcntl', source, F.DUPFD_CLOEXEC, top + 1) : source,
    };
  });
  for (const { target, source, statusFlags } of moved) {
    if (source === target) program.call('fcntl', target, F.SETFD, 0);
    else program.call('dup3', source, target, 0);
    if (statusFlags !== undefined) program.call('fcntl', target, F.SETFL, statusFlags);
  }
  let first = 0;
  for (const target of descriptors.map((d) => d.target).sort((a, b) => a - b)) {
    if (target > first) program.call('close_range', first, target - 1, CLOSE_RANGE_CLOEXEC);
    first = target + 1;
  }
  program.call('close_range', first, EVERY_FD, CLOSE_RANGE_CLOEXEC);
  return [...program.entries];
}

// What execvp(3) goes on after, to the next directory.
const NEXT_DIRECTORY: CallOptions = {
  tolerate: ['ENOENT', 'ENOTDIR', 'EACCES', 'ESTALE', 'ENODEV'],
};

function execCalls({ file, argv, environment, searchPath }: Command): Call[] {
  const paths = file.includes('/')
    ? [file]
    : searchPath.split(':').map((directory) => `${directory || '.'}/${file}`);
  // Not by Program.call, which would check the whole environment for each of the paths.
  return paths.map((path, i) => {
    const options = i < paths.length - 1 ? NEXT_DIRECTORY : {};
    return new Call('execve', syscallNumber('execve'), [path, argv, environment], options);
  });
}

/** Makes the terminal on descriptor 0 the controlling one, which takes a session of its own. */
function terminalCalls({ terminal }: ChildOptions): Call[] {
  if (!terminal) return [];
  const program = new Program();
  program.call('setsid');
  program.call('ioctl', 0, TIOCSCTTY, 0);
  return [...program.entries];
}

/** The child becomes its command, with its descriptors. */
function commandCalls(
  command: Command,
  options: ChildOptions,
  descriptors: readonly ChildDescriptor[],
): Call[] {
  return [
    ...descriptorCalls(descriptors),
    ...terminalCalls(options),
    ...lastAttributeCalls(options.attributes),
    ...unblockSignals(),
    ...execCalls(command),
  ];
}

function exitCalls(): Call[] {
  const program = new Program();
  program.call('exit_group', 0);
  return [...program.entries];
}

function initEntry({ forwardSignals, grace = 0 }: InitOptions, status: number): Call {
  const forwarded = forwardSignals?.reduce((set, signal) => set | (1n << BigInt(signal - 1)), 0n);
  return stepEntry('init', [status, forwarded ?? EVERY_SIGNAL, grace]);
}

/** What becomes of an isolated child in the end: its command, below our init or not, or nothing. */
function lastCalls(draft: Draft, status: number, descriptors: readonly ChildDescriptor[]): Call[] {
  const { options, init, initOptions } = draft;
  const { command, hold } = options;
  if (hold) return [stepEntry('hold', [status])];
  if (!command) return exitCalls();
  const exec = commandCalls(command, options, descriptors);
  // The command's parent is then our init.
  return init
    ? [initEntry(initOptions, status), ...parentDeathCalls(draft, status), ...exec]
    : exec;
}

/** Writes meetings as the calls that the child makes. */
function expandMeetings(
  entries: readonly Call[],
  status: ProgramArgument,
  go: ProgramArgument,
): { entries: Call[]; meetings: MeetingAction[] } {
  const expanded: Call[] = [];
  const meetings: MeetingAction[] = [];
  for (const entry of entries) {
    if (!entry.action) {
      expanded.push(entry);
      continue;
    }
    const program = new Program();
    program.call('write', status, 'P', 1, { step: entry.options.step ?? 'meeting the parent' });
    program.call('read', go, new Uint8Array(8), 1, { expect: 1, step: 'waiting for the parent' });
    expanded.push(...program.entries);
    meetings.push(entry.action);
  }
  return { entries: expanded, meetings };
}

function phaseCalls({ programs }: Draft, some: readonly Phase[]): Call[] {
  return some.flatMap((phase) => programs[phase]?.entries ?? []);
}

function directoryCalls({ directory }: ChildOptions): Call[] {
  if (directory === undefined) return [];
  const program = new Program();
  program.call('chdir', directory);
  return [...program.entries];
}

function sessionCalls({ detached }: ChildOptions): Call[] {
  if (!detached) return [];
  const program = new Program();
  program.call('setsid');
  return [...program.entries];
}

function unblockSignals(): Call[] {
  const program = new Program();
  program.call('rt_sigprocmask', SIG_SETMASK, new Uint8Array(8), null, 8);
  return [...program.entries];
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

/**
 * Numbers that the parent's descriptors have in the runner: above everything else, so that no
 * copy overwrites a source.
 */
class Crossing {
  readonly program = new Program();
  readonly copies = new Map<number, number>();
  readonly #first: number;

  constructor(sources: readonly number[], targets: readonly number[]) {
    this.#first = Math.max(2, ...sources, ...targets) + 1;
    // All others end when the runner is exec'ed.
    this.program.call('close_range', 0, EVERY_FD, CLOSE_RANGE_CLOEXEC);
  }

  carry(fd: number): number {
    const known = this.copies.get(fd);
    if (known !== undefined) return known;
    const copy = this.#first + this.copies.size;
    this.copies.set(fd, copy);
    this.program.call('dup3', fd, copy, 0);
    return copy;
  }
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
