// Paths and names in a sandbox are bytes: a text stands for its UTF-8, a Buffer for itself. A name is
// never decoded to a text that would not give the same bytes again (SECURITY.md S4).
import { isUtf8 } from 'node:buffer';
import { posix } from 'node:path';

/** A path or a name: a text, or its bytes where they are not UTF-8. */
export type FilePath = string | Buffer;

/** Returns a path for a system call. */
export const cPath = (path: FilePath): FilePath =>
  typeof path === 'string' ? path : Buffer.concat([path, Buffer.alloc(1)]);

/** Returns a path of a system call: as a text if that gives the same bytes again. */
export const pathOf = (bytes: Buffer): FilePath => (isUtf8(bytes) ? bytes.toString() : bytes);

/** Returns a path as messages show it. */
export const shownPath = (path: FilePath): string =>
  typeof path === 'string'
    ? path
    : path
        .toString('latin1')
        .replace(/[^ -~]/g, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** Throws unless a value is a path. @throws {TypeError} */
export function assertPath(path: unknown): asserts path is FilePath {
  const isPath =
    typeof path === 'string'
      ? path !== '' && !path.includes('\0') && Buffer.from(path).toString() === path
      : Buffer.isBuffer(path) && path.length > 0 && !path.includes(0);
  if (!isPath) {
    const shown = Buffer.isBuffer(path) ? `<${path.length} bytes>` : JSON.stringify(path);
    throw new TypeError(`path must be a text or a Buffer without NUL, got ${shown}`);
  }
}

/** Returns the directory part of a path and its last name. */
export function splitPath(path: FilePath): { directory: FilePath; name: FilePath } {
  if (typeof path === 'string') {
    return { directory: posix.dirname(path), name: posix.basename(path) };
  }
  // One character for each byte.
  const text = path.toString('latin1');
  const bytes = (part: string) => Buffer.from(part, 'latin1');
  return { directory: bytes(posix.dirname(text)), name: bytes(posix.basename(text)) };
}
