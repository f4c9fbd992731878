// What the types do not say about exports: arguments, options that are required, and exceptions with
// their reasons. A name is that of exports.ts, with the package before it: `pid Pidfd#signal`.
import type { Watch } from '@ns/core';
import type { TestContext } from 'vitest';

/** Skips a test, always or on a condition. */
export type Skip = TestContext['skip'];

/** The arguments with which the tests call a callable. */
export interface Example {
  /** Arguments before the options, in the place of those that the types suggest. */
  readonly args?: readonly unknown[];
  /** Options that a call must have. */
  readonly base?: object;
  /** More of them for one form of the options, by its kind. */
  readonly baseOf?: Readonly<Record<string, object>>;
  /** Options, by path, that take any value. */
  readonly anything?: readonly string[];
  /** The reason why any first argument is accepted. */
  readonly anyArgument?: string;
  /** The reason why its object does not hold options: data that the package returned, or an object of Node.js. */
  readonly data?: string;
  /** The reason to accept a signal that has fired. */
  readonly ignoresSignal?: string;
  /** Starts a call that waits until the signal fires; or the reason why none can be made here. */
  readonly wait?: ((signal: AbortSignal, skip: Skip) => unknown) | string;
}

/** Makes an object that is disposed of in a test; or says why none can be made. */
export type Resource = ((skip: Skip) => unknown) | string;

/** The examples of a package. */
export interface PackageExamples {
  readonly examples?: Readonly<Record<string, Example>>;
  /** Makes an object to call methods on, where one that has not been constructed will not do. */
  readonly instances?: Readonly<Record<string, () => object | Promise<object>>>;
  /** An object of each class that can be disposed of. */
  readonly resources?: Readonly<Record<string, Resource>>;
}

/** The reason why the details of an error are not parsed. */
export const ofError = 'the details of an error are data of the package that throws it';

/** The reason why a later abort does not reject the promise of a start. */
export const ofStart =
  'the promise is that of the start; a later abort ends the child, as in child_process';

/** Reads a watch to its end. */
export async function readAll(watch: Watch<unknown>): Promise<void> {
  for await (const _ of watch);
}
