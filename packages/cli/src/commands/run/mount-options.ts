// The options of `ns run` about mounts.
import type { OptionGroup } from '../../framework/option-table.js';
import { binfmtOptions } from './binfmt.js';

/** Propagation of the mounts in a copy of the caller's mounts. */
export const propagations = ['private', 'slave', 'shared', 'unchanged'] as const;

/** Options that add an entry, in the order of the command line. */
export const entryOptions = ['bind', 'ro-bind', 'tmpfs', 'symlink', 'file'] as const;

/** Options that need a new root: in a copy of the mounts they would write to the caller's directories. */
export const rootOptions = ['root', 'overlay', 'readonly-root', 'dev', 'symlink', 'file'] as const;

/** Names of the options that create a mount namespace. */
export const mountOptionNames: readonly string[] = [...new Set([...entryOptions, ...rootOptions])];

/** The options. */
export const mountOptionGroup: OptionGroup = {
  title: 'What is mounted (creates a mount namespace)',
  options: {
    'mount-proc': {
      value: 'DIR',
      optional: true,
      help: 'mount a new /proc, or proc at DIR',
    },
    ...binfmtOptions,
    propagation: {
      value: 'HOW',
      choices: propagations,
      help: 'of mounts: private (default), slave, shared, unchanged',
    },
    root: {
      short: 'R',
      value: 'DIR',
      help: 'root directory that takes the place of the old one, or the word empty',
    },
    overlay: {
      value: 'UPPER:WORK',
      optional: true,
      help: 'write changes of the root to memory, or to UPPER',
    },
    'readonly-root': { help: 'make the root read-only (not its submounts)' },
    dev: { help: 'mount a minimal /dev in the root' },
    bind: { value: 'SOURCE[:TARGET]', help: 'mount a file or directory, with all mounts below it' },
    'ro-bind': { value: 'SOURCE[:TARGET]', help: 'the same as --bind, read-only' },
    tmpfs: { value: 'TARGET[:SIZE]', help: 'mount an empty file system in memory' },
    symlink: { value: 'TO:TARGET', help: 'create a symbolic link in the root' },
    file: { value: 'SOURCE:TARGET', help: 'copy a file into the root' },
  },
};
