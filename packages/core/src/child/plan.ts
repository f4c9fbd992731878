// The plan of a child: the way in which it is made, and the calls that specifications add to each of
// its phases. No descriptor is opened for it.
import { release } from 'node:os';
import { knownMembers } from '../contract/options.js';
import { Rollback } from '../contract/rollback.js';
import { withoutPrototype } from '../contract/values.js';
import type { Call } from '../program/call.js';
import type { CloneOptions, Layout } from '../program/layout.js';
import { Program } from '../program/program.js';
import { type InitOptions, type Phase, type Preparation, phases } from '../program/spec.js';
import type { ChildPart } from '../sys/child-part.js';
import { CLONE } from '../sys/flags.js';
import { flagsOf, type NamespaceType } from '../sys/namespace-types.js';
import type { Child } from './child.js';

/**
 * Returns true before Linux 6.2. There, an exec stays in its time namespace, and the clone that makes a
 * new one enters it, which fixes the offsets. The child then makes it by unshare, and goes on in a
 * second process.
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

/** A child that would be made, as data. */
export interface ChildPlan {
  readonly child: Child;
  readonly clone: CloneOptions;
  /** Types of the new namespaces. */
  readonly creates: ReadonlySet<NamespaceType>;
  /** The child leaves the parent's memory first, and runs its program in the runner. */
  readonly isolated: boolean;
  /** The runner stays as the command's parent. */
  readonly init: boolean;
  readonly initOptions: InitOptions;
  /** Ids of the process that makes the new user namespace; undefined for the caller's. */
  readonly owner: Owner | undefined;
  /** Signal that the child gets when the parent ends; 0 for none. */
  readonly parentSignal: number;
  /** The runner clones itself: a pid namespace takes effect with the next clone. */
  readonly replaced: boolean;
  /** Pids for that clone. */
  readonly setTid: readonly number[] | undefined;
  readonly programs: Readonly<Partial<Record<Phase, Program>>>;
  /** The steps that undo what specifications did. The launch of the child adds its own. */
  readonly rollback: Rollback;
  /** Reads what the calls returned, while the memory is still there. */
  readonly harvest?: ((layout: Layout) => void) | undefined;
  /** Calls before all others, while the child is where its parent is. */
  readonly first?: readonly Call[] | undefined;
  /** Duplicates of descriptors that the caller may close before the clone. */
  readonly duplicates?: ReadonlyMap<number, number> | undefined;
  /** Changes the finished program, for tests that make one of its calls fail or wait. */
  readonly edit?: ((entries: readonly Call[]) => readonly Call[]) | undefined;
}

const initKeys: ReadonlySet<string> = new Set<keyof InitOptions>([
  ...(['forwardSignals', 'grace', 'confined', 'guarded'] as const),
]);

/** Parts of the calls that the option `prepare` adds; those of the settings are of many kinds. */
const partOfPhase: Readonly<Partial<Record<Phase, ChildPart>>> = {
  clock: 'time',
  user: 'user',
  propagation: 'mount',
  mounts: 'mount',
  root: 'mount',
  credentials: 'user',
};

/** Plans a child: its specifications add their calls, and the program comes after them. */
export function planChild(child: Child, program?: Program): ChildPlan {
  const { specs, handles } = child;
  const creates = new Set<NamespaceType>(specs.map(({ type }) => type));
  const joins = new Set<NamespaceType>(handles.map(({ type }) => type));
  const programs = withoutPrototype<Partial<Record<Phase, Program>>>({});
  const programOf = (phase: Phase) => (programs[phase] ??= new Program());
  const rollback = new Rollback();
  const changesIds = child.uid !== undefined || child.gid !== undefined;
  const state = {
    isolated: changesIds || joins.size > 0,
    init: child.hold !== undefined || child.init,
    initOptions: withoutPrototype<InitOptions>({}),
    owner: undefined as Owner | undefined,
    parentSignal: child.parentDeathSignal,
  };
  const clone: CloneOptions = withoutPrototype({ flags: 0 });
  let setTid: readonly number[] | undefined;

  const preparation: Preparation = {
    creates,
    joins,
    program: programOf,
    useInit: (initOptions = {}) => {
      const given = knownMembers(initOptions, initKeys, 'init');
      state.init = true;
      state.initOptions = withoutPrototype({ ...state.initOptions, ...given });
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
      if (child.cgroup !== undefined) {
        throw new TypeError(
          'options.cgroup cannot be set with a specification that chooses a cgroup itself',
        );
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
  /** Lets a contributor add its calls, which then belong to its part. SECURITY.md S9. */
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
    contribute(child.prepare, (phase) => partOfPhase[phase]);
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
  const none = { first: undefined, duplicates: undefined, harvest: undefined, edit: undefined };
  const common = { child, clone, creates, isolated, replaced, setTid, programs, rollback };
  return { ...none, ...state, ...common };
}
