// Fields of the values that several options have: paths, sizes, durations, ids.
import { type Parser, parse } from '@ns/core/authors';
import { field, integer, matching, object, required } from './field.js';

/** A path, relative or absolute. */
export const path = field(parse.path, { type: 'string', minLength: 1 });

/** A path of the host. */
export const hostPath = matching('^/', 'an absolute path');

/** A path in a root, for a mount or a cover. */
export const target = matching(
  '^(?!(?:/\\.?)*$)(?![\\s\\S]*/\\.\\.(?:/|$))/',
  'an absolute path without .., other than the root itself',
);

const SIZE = '\\d+(?:\\.\\d+)?\\s*[kmgtpeKMGTPE]?(?:[iI]?[bB])?$';

/** A number of bytes. */
export const size = field(parse.size, {
  anyOf: [
    { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    { type: 'string', pattern: `^${SIZE}` },
  ],
});

const parseFullSize: Parser<number> = (value, name) => {
  const bytes = parse.size(value, name);
  return bytes > 0 ? bytes : parse.outOfRange(name, 'a size of at least 1 byte', value);
};

/** The size of a file system in memory. To the kernel, 0 means unlimited. */
export const fullSize = field(parseFullSize, {
  anyOf: [
    { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
    { type: 'string', pattern: `^(?![0.]*[^1-9]*$)${SIZE}` },
  ],
});

const DURATION = '\\d+(?:\\.\\d{1,9})?\\s*(?:ns|us|µs|ms|s|min|m|h|d)$';

const parseTimeout: Parser<number> = (value, name) =>
  typeof value === 'number' && value < 0
    ? parse.outOfRange(name, `a duration from 0 to ${parse.LONGEST_WAIT} ms`, value)
    : parse.timeout(value, name);

/** A time to wait, in milliseconds. */
export const timeout = field(parseTimeout, {
  anyOf: [
    { type: 'number', minimum: 0, maximum: parse.LONGEST_WAIT },
    { type: 'string', pattern: `^-?${DURATION}` },
  ],
});

const parseSeconds: Parser<number> = (value, name) => {
  const nanoseconds = parse.nanoseconds(value, name);
  const seconds = Number((nanoseconds + 999_999_999n) / 1_000_000_000n);
  return nanoseconds > 0n && Number.isSafeInteger(seconds)
    ? seconds
    : parse.outOfRange(name, 'a duration of more than 0', value);
};

/** A duration in whole seconds, rounded up. */
export const seconds = field(parseSeconds, {
  anyOf: [
    { type: 'number', minimum: 0 },
    { type: 'string', pattern: `^${DURATION}` },
  ],
});

/** The offset of a clock, in nanoseconds. */
export const offset = field(parse.nanoseconds, {
  anyOf: [{ type: 'number' }, { type: 'string', pattern: `^-?${DURATION}` }],
});

/** A user or group id. */
export const id = field(parse.id, { type: 'integer', minimum: 0, maximum: 4_294_967_294 });

/** The ids of a user and a group. */
export const idPair = object({ uid: required(id), gid: required(id) });

/** A count of at least one. */
export const count = integer(1);

/** A text that is not empty. */
export const word = field(
  (value, name) =>
    parse.text(value, name) || parse.refuse(name, 'a text of at least 1 character', value),
  { type: 'string', minLength: 1 },
);
