// Names of a UTS namespace: at most 64 bytes. Most are UTF-8, but the kernel takes any byte except NUL.
import { type Parser, parse } from '@ns/core/authors';

/** The most bytes of a host name, of a domain name and of each field of {@link uname}. */
export const UTS_NAME_MAX = 64;

/** A name to write: a string, which becomes UTF-8, or the bytes themselves. */
export type Name = string | Uint8Array;

/** The option that says how names are decoded. */
export interface NameEncoding {
  /**
   * The encoding of names in results. `'utf8'` replaces malformed bytes by U+FFFD, `'latin1'` keeps
   * every byte. Default: `'utf8'`.
   */
  encoding?: BufferEncoding | undefined;
}

/** A name to write, as bytes. They are a copy: the caller may change its own. */
export const nameBytes: Parser<Uint8Array> = (value, name) => {
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) {
    parse.refuse(name, 'a string or bytes', value);
  }
  const bytes = typeof value === 'string' ? Buffer.from(value) : Uint8Array.from(value);
  if (bytes.includes(0)) parse.refuse(name, 'without NUL characters', value);
  if (bytes.length > UTS_NAME_MAX) {
    parse.outOfRange(name, `at most ${UTS_NAME_MAX} bytes`, `${bytes.length} bytes`);
  }
  return bytes;
};

/** An encoding of Node.js. */
export const bufferEncoding: Parser<BufferEncoding> = (value, name) =>
  typeof value === 'string' && Buffer.isEncoding(value)
    ? value
    : parse.refuse(name, 'an encoding of Node.js', value);
