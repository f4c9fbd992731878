// What the types do not say about exports: arguments, options that are required, and exceptions with
// their reasons. A name is that of exports.ts, with the package before it.

import { createNamespace } from '@ns/core';
import * as net from '@ns/net';

const isRoot = process.geteuid?.() === 0;

/** The arguments with which the tests call a callable. */
export interface Example {
  /** Arguments before the options, in the place of those that the types suggest. */
  readonly args?: readonly unknown[];
  /** Options that a call must have. */
  readonly base?: object;
  /** Options, by path, that take any value. */
  readonly anything?: readonly string[];
  /** The reason why any first argument is accepted. */
  readonly anyArgument?: string;
  /** The reason why its object does not hold options: data that the package returned, or an object of Node.js. */
  readonly data?: string;
  /** Starts a call that waits until the signal fires; or the reason why none can be made here. */
  readonly wait?: ((signal: AbortSignal) => unknown) | string;
}

/** Examples by package and name: `pid Pidfd#signal`. */
export const examples: Readonly<Record<string, Example>> = {};

/** Makes an object to call methods on, where one that has not been constructed will not do. */
export const instances: Readonly<Record<string, () => object>> = {
  // Root's would be that of the machine.
  'net Route': () => net.Route.open(isRoot ? { in: createNamespace('net') } : {}),
};

/** Skips a test. */
type Skip = (reason: string) => unknown;

/** Makes an object that is disposed of in a test, one for each class; or says why none can be made. */
export const resources: Readonly<Record<string, ((skip: Skip) => unknown) | string>> = {};
