// The command of a child: arguments, environment, where it is looked up.
import { checkText, fail } from '../contract/arguments.js';
import type { Command } from './child.js';
import type { SpawnOptions } from './options.js';

const DEFAULT_PATH = '/usr/bin:/bin';

/** True for what comes from `Object.prototype` alone: a polluted one is not part of an environment. */
function isForeign(env: object, name: string): boolean {
  return !Object.hasOwn(env, name) && Object.hasOwn(Object.prototype, name);
}

function environmentOf(env: SpawnOptions['env']): readonly string[] {
  const variables = env ?? process.env;
  // Each look at process.env goes to the C library: ask once for the names, and once for each value.
  const names: string[] = [];
  // As in child_process, what a given environment inherits is part of it.
  if (env) {
    for (const name in env) if (!isForeign(env, name)) names.push(name);
  } else names.push(...(Reflect.ownKeys(variables) as string[]));
  const list: string[] = [];
  for (const name of names) {
    const value = variables[name];
    if (value !== undefined) list.push(`${name}=${value}`);
  }
  // All at once, because there are many.
  if (list.join('').includes('\0')) {
    for (const text of list) checkText(`env.${text.slice(0, text.indexOf('='))}`, text);
  }
  return list;
}

function searchPathOf(env: NonNullable<SpawnOptions['env']>): string {
  return (isForeign(env, 'PATH') ? undefined : env.PATH) ?? DEFAULT_PATH;
}

export function commandOf(
  file: string,
  args: readonly string[],
  options: SpawnOptions,
  variables: readonly string[],
): Command {
  checkText('command', file);
  if (file.length === 0) throw new TypeError('command must not be empty');
  if (!Array.isArray(args)) fail('args', 'an array of strings', args);
  args.forEach((value, i) => {
    checkText(`args[${i}]`, value);
  });
  if (options.argv0 !== undefined) checkText('argv0', options.argv0);
  return {
    file,
    argv: [options.argv0 ?? file, ...args],
    environment: [...environmentOf(options.env), ...variables],
    // Each look at process.env counts in the time that a small command takes.
    searchPath: file.includes('/') ? '' : searchPathOf(options.env ?? process.env),
  };
}
