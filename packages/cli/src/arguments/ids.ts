// User and group ids on the command line: as a number or by name.
import { readFileSync } from 'node:fs';
import { UsageError } from '../framework/usage-error.js';

/** User or group id. */
export type IdKind = 'uid' | 'gid';

const files: Readonly<Record<IdKind, string>> = { uid: '/etc/passwd', gid: '/etc/group' };

function* entries(kind: IdKind): Generator<{ name: string; id: number }> {
  for (const line of readFileSync(files[kind], 'utf8').split('\n')) {
    const [name, , id] = line.split(':');
    if (name && id) yield { name, id: Number(id) };
  }
}

let userNames: ReadonlyMap<number, string> | undefined;

/** Returns the name of a user, or the number of a user without a name. */
export function userName(uid: number): string {
  userNames ??= new Map([...entries('uid')].reverse().map(({ name, id }) => [id, name]));
  return userNames.get(uid) ?? String(uid);
}

/** Returns the shell of the user in /etc/passwd; undefined if there is none. @see passwd(5) */
export function loginShell(): string | undefined {
  const uid = String(process.geteuid?.());
  const lines = readFileSync(files.uid, 'utf8').split('\n');
  return lines.map((line) => line.split(':')).find(([, , id]) => id === uid)?.[6];
}

/**
 * Returns the id that a text means: a number, or a name in /etc/passwd or /etc/group.
 *
 * @param option long name of the option, for the error
 */
export function parseId(kind: IdKind, text: string, option: string): number {
  if (/^\d+$/.test(text)) {
    const id = Number(text);
    if (id < 0xffff_ffff) return id;
    throw new UsageError(`--${option} must be an id from 0 to 4294967294, got '${text}'`);
  }
  for (const { name, id } of entries(kind)) if (name === text) return id;
  throw new UsageError(`--${option} must be an id or a name in ${files[kind]}, got '${text}'`);
}
