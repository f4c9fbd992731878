// The options of `ns run` about binfmt_misc, the interpreters of foreign executables.
import { constants } from 'node:fs';
import { MS, type Preparation } from '@ns/core/authors';
import type { CommandLine } from '../../framework/command-line.js';
import type { OptionTable } from '../../framework/option-table.js';

const DIRECTORY = '/proc/sys/fs/binfmt_misc';
const AT_FDCWD = -100;

/** The options. */
export const binfmtOptions: OptionTable = {
  'mount-binfmt': {
    value: 'DIR',
    optional: true,
    help: 'mount the binfmt_misc of the new user namespace (Linux 6.7)',
  },
  'load-interp': {
    short: 'l',
    value: 'RULE',
    help: 'register :name:type:offset:magic:mask:interpreter:flags in binfmt_misc',
  },
};

/** Adds the mount of binfmt_misc, after the root and /proc of the command. */
export function prepareBinfmt(commandLine: CommandLine, child: Preparation): void {
  if (!commandLine.has('mount-binfmt') && !commandLine.has('load-interp')) return;
  const target = commandLine.value('mount-binfmt') ?? DIRECTORY;
  const program = child.program('root');
  const flags = MS.NOSUID | MS.NODEV | MS.NOEXEC;
  program.call('mount', 'binfmt_misc', target, 'binfmt_misc', flags, null, {
    step: 'mounting binfmt_misc',
  });
  for (const rule of commandLine.values('load-interp')) {
    const step = `registering ${rule}`;
    const mode = constants.O_WRONLY | 0x8_0000; // O_CLOEXEC
    const file = program.call('openat', AT_FDCWD, `${target}/register`, mode, 0, { step });
    program.call('write', file, rule, Buffer.byteLength(rule), { step });
    program.call('close', file);
  }
}
