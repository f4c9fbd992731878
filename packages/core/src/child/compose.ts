// What the options of a child ask for, before any descriptor exists: which way it is made, and what
// the specifications add to each of its phases.
import { release } from 'node:os';
import { assertKeys, ownOptions } from '../contract/arguments.js';
import { Rollback } from '../contract/rollback.js';
import type { Call } from '../program/call.js';
import type { CloneOptions, Layout } from '../program/layout.js';
import { Program } from '../program/program.js';
import { type InitOptions, type Phase, type Preparation, phases } from '../program/spec.js';
import type { ChildPart } from '../sys/child-part.js';
import { CLONE } from '../sys/flags.js';
import { flagsOf, type NamespaceType } from '../sys/namespace-types.js';
import type { ChildOptions } from './child.js';

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
  /** Types of the new namespaces. */
  readonly creates: ReadonlySet<NamespaceType>;
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
  readonly rollback: Rollback;
  /** Reads what the calls returned, while the memory is still there. */
  readonly harvest?: ((layout: Layout) => void) | undefined;
  /** Calls before all others, while the child is where its parent is. */
  readonly first?: readonly Call[] | undefined;
  /** The duplicates that stand for descriptors which the caller may close by then. */
  readonly taken?: ReadonlyMap<number, number> | undefined;
  /** Changes the finished program: how tests make any of its calls fail, or wait. */
  readonly edit?: ((entries: readonly Call[]) => readonly Call[]) | undefined;
}

/** Parts of the calls that the option `prepare` adds; those of the settings are of many kinds. */
const partOfPhase: Readonly<Partial<Record<Phase, ChildPart>>> = {
  clock: 'time',
  user: 'user',
  propagation: 'mount',
  mounts: 'mount',
  root: 'mount',
  credentials: 'user',
};

/** Collects what the specs contribute, and after them a program of the caller's. */
export function draft(given: ChildOptions, program?: Program): Draft {
  const options = ownOptions(given);
  const { specs, handles } = options;
  const creates = new Set<NamespaceType>(specs.map(({ type }) => type));
  const joins = new Set<NamespaceType>(handles.map(({ type }) => type));
  const programs = ownOptions<Partial<Record<Phase, Program>>>({});
  const programOf = (phase: Phase) => (programs[phase] ??= new Program());
  const rollback = new Rollback();
  const changesIds = options.uid !== undefined || options.gid !== undefined;
  const state = {
    isolated: changesIds || joins.size > 0,
    init: options.hold !== undefined || options.init === true,
    initOptions: ownOptions<InitOptions>({}),
    owner: undefined as Owner | undefined,
    parentSignal: options.parentDeathSignal,
  };
  const clone: CloneOptions = ownOptions({ flags: 0 });
  let setTid: readonly number[] | undefined;

  const preparation: Preparation = {
    creates,
    joins,
    program: programOf,
    useInit: (initOptions = {}) => {
      assertKeys(initOptions, ['forwardSignals', 'grace', 'confined', 'guarded'], 'init');
      state.init = true;
      state.initOptions = ownOptions({ ...state.initOptions, ...ownOptions(initOptions) });
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
      rollback.add(step);
    },
  };
  /** Has a contributor add its calls, which then belong to its part. SECURITY.md S9. */
  const contribute = (
    prepare: ((child: Preparation) => void) | undefined,
    partIn: (phase: Phase) => ChildPart | undefined,
  ) => {
    const before = phases.map((phase) => programs[phase]?.entries.length ?? 0);
    prepare?.(preparation);
    phases.forEach((phase, i) => {
      for (const call of programs[phase]?.entries.slice(before[i]) ?? []) {
        call.part ??= partIn(phase);
      }
    });
  };
  try {
    for (const spec of specs) contribute(spec.prepare?.bind(spec), () => spec.type);
    contribute(options.prepare, (phase) => partOfPhase[phase]);
  } catch (error) {
    rollback.undoFailed();
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
  const none = { first: undefined, taken: undefined, harvest: undefined, edit: undefined };
  const made = { options, clone, creates, isolated, replaced, setTid, programs, rollback };
  return { ...none, ...state, ...made };
}
