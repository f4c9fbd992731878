// The environment of commands: without variables of the caller.
import type { Settings } from '../options/members.js';

type Environment = Readonly<Record<string, string | undefined>>;

const CLEAN = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/tmp',
  LANG: 'C.UTF-8',
};

/** Returns the variables of a command; `more` come on top. */
export function environmentOf({ env }: Pick<Settings, 'env'>, more: Environment = {}): Environment {
  return { ...CLEAN, ...env, ...more };
}
