// The environment of commands: nothing of the caller's.
import type { SandboxOptions } from '../options/types.js';

type Environment = Readonly<Record<string, string | undefined>>;

const CLEAN = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/tmp',
  LANG: 'C.UTF-8',
};

/** The variables of a command. */
export function environmentOf({ env = {} }: SandboxOptions, more: Environment = {}): Environment {
  return { ...CLEAN, ...env, ...more };
}
