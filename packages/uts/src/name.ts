// Names of a UTS namespace: at most 64 bytes of any kind, seldom but possibly not UTF-8.

/** Most bytes of a host name, a domain name and each field of {@link uname}. */
export const UTS_NAME_MAX = 64;

/** A name to be set: a text (as UTF-8), or bytes if it is to be something else. */
export type Name = string | Uint8Array;

/** How names are given back. */
export interface NameEncoding {
  /**
   * How the bytes are decoded. Default: `'utf8'`, with U+FFFD for what is not UTF-8; `'latin1'`
   * keeps every byte apart.
   */
  encoding?: BufferEncoding;
}

/** The bytes of a name. @throws {TypeError | RangeError} naming the argument */
export function nameBytes(name: Name, argument: string): Uint8Array {
  if (typeof name !== 'string' && !(name instanceof Uint8Array)) {
    throw new TypeError(`${argument} must be a string or bytes: ${String(name)}`);
  }
  const bytes = typeof name === 'string' ? Buffer.from(name) : name;
  if (bytes.includes(0)) throw new TypeError(`${argument} must not contain a NUL character`);
  if (bytes.length > UTS_NAME_MAX) {
    throw new RangeError(
      `${argument} must have at most ${UTS_NAME_MAX} bytes, it has ${bytes.length}`,
    );
  }
  return bytes;
}

/** Throws unless it is an encoding of Node's. */
export function assertEncoding(encoding: string): void {
  if (!Buffer.isEncoding(encoding)) throw new TypeError(`encoding: unknown: ${String(encoding)}`);
}
