// The form of examples, and what those of several packages share.
import type { Watch } from '@ns/core';
import type { TestContext } from 'vitest';

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
  readonly wait?: ((signal: AbortSignal) => unknown) | string;
}

/** Skips a test, always or on a condition. */
export type Skip = TestContext['skip'];

/** Examples by package and name: `pid Pidfd#signal`. */
export type Examples = Readonly<Record<string, Example>>;

/** Makes an object to call methods on, where one that has not been constructed will not do. */
export type Instances = Readonly<Record<string, () => object>>;

/** Makes an object that is disposed of in a test, one for each class; or says why none can be made. */
export type Resources = Readonly<Record<string, ((skip: Skip) => unknown) | string>>;

/** The reason why the details of an error are not parsed. */
export const ofError = 'the details of an error are data of the package that throws it';

/** The reason why a later abort does not reject the promise of a start. */
export const ofStart =
  'the promise is that of the start; a later abort ends the child, as in child_process';

/** Reads a watch to its end. */
export async function readAll(watch: Watch<unknown>): Promise<void> {
  for await (const _ of watch);
}
