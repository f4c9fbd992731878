// The options of `ns run`.
import { limitOptions } from '../../arguments/limits.js';
import { subjects, typeOptions } from '../../arguments/namespace-types.js';
import type { OptionGroup } from '../../framework/option-table.js';
import { mapOptions } from './id-maps.js';
import { mountOptionGroup } from './mount-options.js';
import { signalOptions } from './signal-options.js';

/** All options of `ns run`. */
export const runOptions: readonly OptionGroup[] = [
  {
    title: 'Which namespaces are new (default: all eight)',
    options: typeOptions((type) => ({
      value: 'FILE',
      optional: true,
      help: `${subjects[type]}; pinned to FILE`,
    })),
  },
  mapOptions,
  {
    title: 'What is set up inside',
    options: {
      hostname: { value: 'NAME', help: 'host name (creates a uts namespace)' },
      domainname: { value: 'NAME', help: 'NIS domain name (creates a uts namespace)' },
      monotonic: {
        value: 'TIME',
        help: 'offset of CLOCK_MONOTONIC: seconds, 1.5h, -2d (creates a time namespace)',
      },
      boottime: { value: 'TIME', help: 'offset of CLOCK_BOOTTIME (creates a time namespace)' },
    },
  },
  mountOptionGroup,
  {
    title: 'How the command runs',
    options: {
      setuid: { short: 'S', value: 'UID', help: 'user id inside' },
      setgid: { short: 'G', value: 'GID', help: 'group id inside; other groups are dropped' },
      wd: { short: 'w', value: 'DIR', help: 'working directory, inside' },
      chdir: { value: 'DIR', help: 'the same as --wd' },
      'clear-env': { help: 'start with an empty environment' },
      'whitelist-env': { value: 'NAME,...', help: 'pass on only these variables' },
      fork: { short: 'f', help: 'ignored, accepted for compatibility with unshare(1)' },
      'kill-child': {
        value: 'SIGNAL',
        optional: true,
        help: 'send the command this signal if ns dies (default: SIGKILL)',
      },
      ...signalOptions,
      explain: { help: 'print the system calls and run nothing' },
    },
  },
  limitOptions,
];
