// The type of the export `suite` of each file in cases/.

/** Size of the measured process: the memory that it holds in addition to its own. */
export type Heap = 'small' | '250 MB' | '1 GB';

/** One way to do the work of a group: either `run`, which is timed, or `measure`. */
export interface Contender {
  readonly name: string;
  /** Does the work once; its time is taken. */
  run?(): unknown;
  /** Does the work once and tells its nanoseconds itself. */
  measure?(): number | Promise<number>;
  /** Reason why it cannot be measured here. */
  readonly skip?: string | undefined;
}

/** A goal: one contender takes at most so many times as long as another. */
export interface Target {
  readonly of: string;
  /** Another contender at the same heap; undefined for the same one at the small heap. */
  readonly against: string | undefined;
  readonly atMost: number;
  /** Heaps that it applies to. Default: all heaps measured. */
  readonly heaps?: readonly Heap[];
}

/** A goal: 99 of 100 samples of a contender take at most so long. */
export interface Limit {
  readonly of: string;
  readonly milliseconds: number;
  /** Heaps that it applies to. Default: all heaps measured. */
  readonly heaps?: readonly Heap[];
}

/** Contenders that do the same work, and are measured in turn. */
export interface Group {
  readonly name: string;
  readonly contenders: readonly Contender[];
  readonly targets: readonly (Target | Limit)[];
  /** Why it cannot be measured here. */
  readonly skip?: string | undefined;
}

/** The cases of one file. */
export interface Suite {
  readonly title: string;
  /** Description of the comparison, in a few sentences. */
  readonly about: string;
  readonly heaps: readonly Heap[];
  /** Percentile that is shown beside the median. */
  readonly tail: 90 | 99;
  /** Number of measurements of a contender in each of its turns. */
  readonly burst: number;
  /** Makes the groups, in the process that measures them. */
  groups(): readonly Group[] | Promise<readonly Group[]>;
}

/** Report of a measuring process about itself and its groups when it is ready. */
export interface Ready {
  /** Its resident memory, in bytes. */
  readonly resident: number;
  readonly groups: readonly (Pick<Group, 'name' | 'targets' | 'skip'> & {
    readonly contenders: readonly Pick<Contender, 'name' | 'skip'>[];
  })[];
}

/** Nanoseconds of one round, by contender. */
export type Round = Readonly<Record<string, readonly number[]>>;

/** Rounds of a group, by heap. */
export type Measured = Partial<Record<Heap, Round[]>>;
