// Names of network namespaces, and the directory that has them.
import { type Parser, parse } from '@ns/core/authors';

/** The directory of `ip netns`. */
export const DIRECTORY = '/run/netns';

/** The parser of the name of a network namespace: a file name. */
export const namespaceName: Parser<string> = (value, name) => {
  if (typeof value !== 'string') return parse.refuse(name, 'the name of a namespace', value);
  if (value === '' || value === '.' || value === '..' || /[/\0]/.test(value)) {
    return parse.refuse(name, 'the name of a namespace, which is a file name', value);
  }
  if (value.length > 255) parse.refuse(name, 'a name of at most 255 characters', value);
  return value;
};

/** Returns the path of a named namespace. */
export const pathOfName = (name: string): string => `${DIRECTORY}/${name}`;
