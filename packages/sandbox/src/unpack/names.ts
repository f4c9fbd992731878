// Names in archives are bytes. Here a name is a text with one character for each byte (latin1), so that
// it can be cut, joined and compared as a text, and two different names never become the same.
import { ArchiveError } from './archive-error.js';

export const MAX_DEPTH = 256;
/** PATH_MAX of the kernel, with the NUL. */
const MAX_PATH = 4096;
const MAX_SHOWN = 200;

/** The bytes of a name, terminated for a system call. */
export const cName = (name: string): Buffer => Buffer.from(`${name}\0`, 'latin1');

/** A text of a stranger as error messages show it: in quotes, escaped, and not too long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}

/** The same for a name. */
export const shownName = (name: string): string =>
  quoted(Buffer.from(name, 'latin1').toString('utf8'));

/** Refuses a path that the kernel would not take, or that makes it walk too far. */
export function checkPath(path: string): void {
  if (path.length >= MAX_PATH) throw new ArchiveError(`${shownName(path)} is too long`);
  // A link to a/a/a/… that leads through further ones makes the kernel look up each part again.
  if (path.split('/').length > MAX_DEPTH) throw new ArchiveError('its directories are too deep');
}

/** The parts of a name in an archive; none for the directory itself. */
export function partsOf(name: string): string[] {
  checkPath(name);
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new ArchiveError(`${shownName(name)} leads outside`);
  return parts;
}
