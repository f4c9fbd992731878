// Names of network namespaces and where they are kept.

/** Where `ip netns` keeps its names. */
export const DIRECTORY = '/run/netns';

/**
 * Throws unless the value can be the name of a network namespace: a file name.
 *
 * @throws {TypeError}
 */
export function assertName(name: unknown, argument = 'name'): asserts name is string {
  if (typeof name !== 'string')
    throw new TypeError(`${argument} must be a string: ${String(name)}`);
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name) || name.length > 255) {
    throw new TypeError(`${argument} must be the name of a file: ${JSON.stringify(name)}`);
  }
}

/** Path of a named namespace. */
export function pathOfName(name: string): string {
  assertName(name);
  return `${DIRECTORY}/${name}`;
}
