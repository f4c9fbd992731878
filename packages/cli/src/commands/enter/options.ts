// The options of `ns enter`.
import { subjects, typeOptions } from '../../arguments/namespace-types.js';
import type { OptionGroup } from '../../framework/option-table.js';
import { directoryOptions } from './directories.js';
import { followOptions } from './follow-target.js';

/** All options of `ns enter`. */
export const enterOptions: readonly OptionGroup[] = [
  {
    title: 'Which namespaces (default: all of the target)',
    options: {
      target: { short: 't', value: 'PID', help: 'the process whose namespaces are joined' },
      all: { short: 'a', help: 'join all of the target that differ from those of ns' },
      ...typeOptions((type) => ({
        value: 'FILE',
        optional: true,
        help: `${subjects[type]}: of the target, or of FILE`,
      })),
      'net-socket': {
        short: 'N',
        value: 'FD',
        help: 'join the network namespace of a socket, by its descriptor in the target',
      },
      'user-parent': {
        help: 'join the parent of the user namespace, or the owner of the others, instead of it',
      },
    },
  },
  {
    title: 'How the command runs',
    options: {
      setuid: {
        short: 'S',
        value: 'UID',
        help: 'user id inside (default: 0 in a joined user namespace), or follow: that of the target',
      },
      setgid: {
        short: 'G',
        value: 'GID',
        help: 'group id inside (default: 0 in a joined user namespace), or follow',
      },
      'preserve-credentials': {
        help: 'keep user and group id, if they are mapped in a joined user namespace',
      },
      'keep-caps': {
        help: 'in a joined user namespace, keep all capabilities, also of a user other than root',
      },
      ...directoryOptions,
      env: { short: 'e', help: 'take the environment of the target' },
      ...followOptions,
      'no-fork': {
        short: 'F',
        help: 'ignored, accepted for compatibility with nsenter(1); refused with a pid namespace',
      },
      explain: { help: 'print the system calls and run nothing' },
    },
  },
];
