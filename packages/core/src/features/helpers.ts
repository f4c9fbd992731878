// Programs of others that do what this user may not do alone, and the ranges of ids given to it.
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { trySyscall } from '../sys/syscall.js';
import { available, type Finding, type Findings, missing } from './finding.js';

const S_ISUID = 0o4000;
const DEFAULT_PATH = '/usr/bin:/bin';

/** Where the program is in PATH. The packages take none from an entry that is a relative path. */
function find(program: string): string | undefined {
  for (const directory of (process.env.PATH ?? DEFAULT_PATH).split(':')) {
    if (!isAbsolute(directory)) continue;
    const path = join(directory, program);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // not in this one
    }
  }
  return undefined;
}

/** Returns true if a program gets more privileges than its caller's: setuid root, or file capabilities. */
function isPrivileged(path: string): boolean {
  const { mode, uid } = statSync(path);
  if ((mode & S_ISUID) !== 0 && uid === 0) return true;
  return trySyscall('getxattr', path, 'security.capability', null, 0) > 0;
}

function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined; // not in /etc/passwd
  }
}

/** Returns true if the text of an /etc/subuid or /etc/subgid gives ids to a user: by name or by number. */
export function hasRange(text: string, uid: number, name: string | undefined): boolean {
  return text.split('\n').some((line) => {
    const [owner, start, count] = line.split(':');
    const isOurs = owner !== '' && (owner === name || owner === String(uid));
    return isOurs && /^\d+$/.test(start ?? '') && Number(count) > 0;
  });
}

/** Returns the obstacle for a program that maps ids for others; undefined for none. */
function obstacle(program: string): Finding | undefined {
  const path = find(program);
  const install = 'install it: uidmap (Debian), shadow-utils (Fedora)';
  if (path === undefined) return missing(`${program} is not in PATH`, install);
  if (isPrivileged(path)) return undefined;
  return missing(`${path} is neither setuid root nor has file capabilities`, `reinstall it`);
}

function subordinate(program: string, file: string): Finding {
  const uid = process.geteuid?.() ?? 0;
  // Root maps ids without help, but only a range says which ones are for it to use.
  const without = uid === 0 ? undefined : obstacle(program);
  if (without) return without;
  const name = userName();
  if (existsSync(file) && hasRange(readFileSync(file, 'utf8'), uid, name)) return available;
  const option = file.endsWith('subuid') ? '--add-subuids' : '--add-subgids';
  return missing(
    `${file} has no range for this user`,
    `usermod ${option} 100000-165535 ${name ?? uid}`,
  );
}

function network(program: string): Finding {
  if (find(program) === undefined) return missing(`${program} is not in PATH`, 'install it');
  const tun = '/dev/net/tun';
  if (!existsSync(tun)) return missing(`${tun} does not exist`, 'modprobe tun');
  try {
    accessSync(tun, constants.R_OK | constants.W_OK);
    return available;
  } catch {
    return missing(`${tun} is not open to this user`, `chmod 666 ${tun}`);
  }
}

/** The features that other programs give. */
export function helperFeatures(): Findings {
  return {
    subordinateUids: subordinate('newuidmap', '/etc/subuid'),
    subordinateGids: subordinate('newgidmap', '/etc/subgid'),
    pasta: network('pasta'),
    slirp4netns: network('slirp4netns'),
  };
}
