// The parsers of options, as one name space: `parse.options({ timeout: parse.timeout })`. Types are exported
// beside it: the build of declarations would take them for values in here.
export {
  either,
  nearest,
  options,
  refuseKey,
  required,
  withDefault,
} from './options.js';
export { outOfRange, refuse, shown } from './parser.js';
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
