// Memory that no limit of a process counts, and huge pages, which are a reserve of the whole machine.
import { constants } from 'node:os';
import { fail, loadArgument, whenAnyBit } from './bpf.js';
import { hide, type Rule } from './rule.js';

const { ENOMEM } = constants.errno;

const MAP_SHARED = 0x1;
const MAP_ANONYMOUS = 0x20;
const MAP_GROWSDOWN = 0x100;
const MAP_HUGETLB = 0x4_0000;
const MFD_HUGETLB = 0x4;

/** For every sandbox: without huge pages, programs take ordinary ones. */
export const hugePageRules: readonly Rule[] = [
  ['mmap', [loadArgument(3), ...whenAnyBit(MAP_HUGETLB, [fail(ENOMEM)])]],
  ['memfd_create', [loadArgument(1), ...whenAnyBit(MFD_HUGETLB, [fail(ENOMEM)])]],
];

/**
 * Where rlimits keep the limit of memory: RLIMIT_DATA counts neither shared memory nor what is mapped
 * as a stack, and no rlimit counts objects that belong to no process. The limits of an IPC namespace
 * do, but are root's to set.
 */
export const countedMemoryRules: readonly Rule[] = [
  [
    'mmap',
    [
      loadArgument(3),
      ...whenAnyBit(MAP_HUGETLB | MAP_GROWSDOWN, [fail(ENOMEM)]),
      ...whenAnyBit(MAP_ANONYMOUS, whenAnyBit(MAP_SHARED, [fail(ENOMEM)])),
    ],
  ],
  ...(['memfd_create', 'shmget', 'semget', 'msgget'] as const).map(hide),
];
