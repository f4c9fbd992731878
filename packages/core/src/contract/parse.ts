// The parsers of options, as one name space: `parse.options({ timeout: parse.timeout })`.
export {
  either,
  type FilledParser,
  type Members,
  nearest,
  options,
  type Parsed,
  refuseKey,
  required,
  withDefault,
} from './options.js';
export { outOfRange, type Parser, refuse, shown } from './parser.js';
export { LONGEST_WAIT, microseconds, nanoseconds, size, timeout } from './units.js';
export {
  abortSignal,
  absolutePath,
  boolean,
  callback,
  descriptor,
  id,
  integer,
  list,
  namespaceType,
  oneOf,
  ownMembers,
  path,
  pid,
  record,
  signal,
  text,
} from './values.js';
