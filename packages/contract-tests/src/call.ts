// Calls exports as the tests need them.
import * as cgroup from '@ns/cgroup';
import * as core from '@ns/core';
import * as ipc from '@ns/ipc';
import * as mount from '@ns/mount';
import * as net from '@ns/net';
import * as pid from '@ns/pid';
import * as sandbox from '@ns/sandbox';
import * as time from '@ns/time';
import * as user from '@ns/user';
import * as uts from '@ns/uts';
import type { Example } from './example.js';
import { examples, instances } from './examples.js';
import { type Callable, readExports } from './exports.js';

const packages: Readonly<Record<string, object>> = {
  cgroup,
  core,
  ipc,
  mount,
  net,
  pid,
  sandbox,
  time,
  user,
  uts,
};

/** A callable of a package. */
export interface Case {
  readonly title: string;
  readonly packageName: string;
  readonly callable: Callable;
  readonly example: Example;
}

/** Returns everything of all packages that can be called. */
export function casesOf(): Case[] {
  return readExports().flatMap(({ name: packageName, exports }) =>
    exports.flatMap(({ callables }) =>
      callables.map((callable) => {
        const title = `${packageName} ${callable.name}`;
        return { title, packageName, callable, example: examples[title] ?? {} };
      }),
    ),
  );
}

type AnyFunction = (...args: unknown[]) => unknown;

// Made before the tests, each of which must leave the descriptors that it finds.
const objects = new Map(
  await Promise.all(
    Object.entries(instances).map(async ([title, make]) => [title, await make()] as const),
  ),
);

/** Returns an object of a class: an example, or one that has not been constructed. */
function objectOf(packageName: string, name: string): object {
  const title = `${packageName} ${name}`;
  const { prototype } =
    (packages[packageName] as Record<string, { prototype: object }>)[name] ?? {};
  return objects.get(title) ?? Object.create(prototype as object);
}

/** Returns the function itself, bound to its object. */
function resolve({ packageName, callable }: Case): AnyFunction {
  const exported = packages[packageName] as Record<string, unknown>;
  const construct = /^new (\w+)$/.exec(callable.name)?.[1];
  if (construct !== undefined) {
    const made = exported[construct] as new (...args: unknown[]) => unknown;
    return (...args) => new made(...args);
  }
  const [owner = '', method] = callable.name.split('#');
  const path = (method ?? callable.name).split('.');
  let target: unknown;
  let found: unknown = method === undefined ? exported : objectOf(packageName, owner);
  for (const name of path) [target, found] = [found, (found as Record<string, unknown>)[name]];
  return (...args) => (found as AnyFunction).apply(target, args);
}

/** Calls it with these options, after arguments of the right types. */
export function call(one: Case, options: object): unknown {
  return resolve(one)(...(one.example.args ?? one.callable.sample), options);
}

/** Calls it with these arguments. */
export function callWith(one: Case, args: readonly unknown[]): unknown {
  return resolve(one)(...args);
}

/**
 * Returns the error of a call. What is made by a call that should have failed is closed.
 *
 * @throws {Error} if it succeeds, or throws although it returns a promise
 */
export async function failureOf({ callable }: Case, act: () => unknown): Promise<Error> {
  let result: unknown;
  try {
    result = act();
  } catch (error) {
    return callable.isAsync
      ? new Error('throws, but should reject', { cause: error })
      : (error as Error);
  }
  try {
    result = await result;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'VITEST_PENDING') throw error; // skips the test
    return error as Error;
  }
  if (typeof (result as Disposable)?.[Symbol.dispose] === 'function') {
    (result as Disposable)[Symbol.dispose]();
  }
  return new Error(`succeeds with ${String(result)}`);
}
