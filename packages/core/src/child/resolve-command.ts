// The command of a child: its arguments, its environment, and the directories it is looked up in.
import * as parse from '../contract/parse.js';
import type { Parser } from '../contract/parser.js';
import type { Command } from './child.js';

const DEFAULT_PATH = '/usr/bin:/bin';

/** The variables of a command. */
export interface Environment {
  /** As `NAME=value`. */
  readonly variables: readonly string[];
  readonly path: string | undefined;
}

/** True for what comes from `Object.prototype` alone: a polluted one is not part of an environment. */
function isForeign(env: object, name: string): boolean {
  return !Object.hasOwn(env, name) && Object.hasOwn(Object.prototype, name);
}

type Variables = Readonly<Record<string, unknown>>;

function environmentOf(env: Variables, names: readonly string[], option: string): Environment {
  const variables: string[] = [];
  let path: string | undefined;
  for (const name of names) {
    const value = env[name];
    if (value === undefined) continue;
    variables.push(`${name}=${value}`);
    if (name === 'PATH') path = String(value);
  }
  // All at once, because there are many.
  if (variables.join('').includes('\0')) {
    for (const one of variables) parse.text(one, `${option}.${one.slice(0, one.indexOf('='))}`);
  }
  return { variables, path };
}

/** The parser of `env`. As in child_process, inherited variables are part of it. */
export const parseEnvironment: Parser<Environment | undefined> = (value, name) => {
  if (value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) parse.refuse(name, 'an object', value);
  const names: string[] = [];
  for (const key in value) if (!isForeign(value, key)) names.push(key);
  return environmentOf(value as Variables, names, name);
};

/** Returns the environment of the calling thread. Each look at process.env goes to the C library. */
function ownEnvironment(): Environment {
  const { env } = process;
  return environmentOf(env, Reflect.ownKeys(env) as string[], 'process.env');
}

/** An environment without variables. */
export const noEnvironment: Environment = { variables: [], path: undefined };

const parseArgs = parse.list(parse.text);

/**
 * Parses a command.
 *
 * @param variables to add to its environment
 */
export function parseCommand(
  command: unknown,
  args: unknown,
  { env, argv0 }: { readonly env: Environment | undefined; readonly argv0: string | undefined },
  variables: readonly string[],
): Command {
  const file = parse.path(command, 'command');
  const list = parseArgs(args, 'args');
  const environment = env ?? ownEnvironment();
  return {
    file,
    argv: [argv0 ?? file, ...list],
    environment: [...environment.variables, ...variables],
    searchPath: file.includes('/') ? '' : (environment.path ?? DEFAULT_PATH),
  };
}
