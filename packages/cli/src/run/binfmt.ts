// The options of `ns run` about binfmt_misc: which programs run what is no program of this machine.
import { constants } from 'node:fs';
import { MS, type Preparation } from '@ns/core/authors';
import type { Given, OptionTable } from '../options.js';

const DIRECTORY = '/proc/sys/fs/binfmt_misc';
const AT_FDCWD = -100;

/** The options. */
export const binfmtOptions: OptionTable = {
  'mount-binfmt': {
    value: 'DIR',
    optional: true,
    help: 'mount binfmt_misc of the new user namespace (Linux 6.7)',
  },
  'load-interp': {
    short: 'l',
    value: 'RULE',
    help: 'register :name:type:offset:magic:mask:interpreter:flags there',
  },
};

/** Mounts binfmt_misc in the end, when /proc and the root are those of the command. */
export function prepareBinfmt(given: Given, child: Preparation): void {
  if (!given.has('mount-binfmt') && !given.has('load-interp')) return;
  const target = given.value('mount-binfmt') ?? DIRECTORY;
  const program = child.program('root');
  const flags = MS.NOSUID | MS.NODEV | MS.NOEXEC;
  program.call('mount', 'binfmt_misc', target, 'binfmt_misc', flags, null, {
    step: 'mounting binfmt_misc',
  });
  for (const rule of given.values('load-interp')) {
    const step = `registering ${rule}`;
    const mode = constants.O_WRONLY | 0x8_0000; // O_CLOEXEC
    const file = program.call('openat', AT_FDCWD, `${target}/register`, mode, 0, { step });
    program.call('write', file, rule, Buffer.byteLength(rule), { step });
    program.call('close', file);
  }
}
