// The programs of others that an uplink needs: how they are found, and what they are given.
import { isAbsolute } from 'node:path';

/** Where distributions keep them. */
const SYSTEM = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Returns the environment of a helper program. It has a path to be found by, and nothing of the
 * caller's: no secrets, and no settings that change what the program does or says. An entry of the
 * caller's PATH that is relative to the working directory is left out, because others may write there.
 */
export function helperEnvironment(): { PATH: string; LC_ALL: string } {
  const entries = (process.env.PATH ?? '').split(':').filter((entry) => isAbsolute(entry));
  return { PATH: entries.join(':') || SYSTEM, LC_ALL: 'C' };
}
