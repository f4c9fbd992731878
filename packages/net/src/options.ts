// How every function here takes its options: known ones only, and the caller's own.
import { assertKeys, ownOptions } from '@ns/core/authors';

/**
 * Returns options without a prototype, if all of them are known. A mistyped option must not be
 * passed over (SECURITY.md S9), and what a polluted Object.prototype has is not an option.
 *
 * @throws {TypeError} that names the option
 */
export function checked<Options extends object>(
  options: Options,
  keys: readonly string[],
  name = 'options',
): Options {
  assertKeys(options, keys, name);
  return ownOptions(options, name);
}
