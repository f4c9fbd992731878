// Checks the options of run and runSync, and fills in defaults.

import type { CheckedSpawn } from '../child/child.js';
import { checkValues } from '../child/parse.js';
import {
  assertKeys,
  checkBoolean,
  checkCount,
  checkFunction,
  fail,
  ownOptions,
} from '../contract/arguments.js';
import { type RunOptions, runOptions } from './run-options.js';

const DEFAULT_MAX_BUFFER = 1024 * 1024;

/** Options of run after the checks. */
export interface CheckedRun extends CheckedSpawn {
  readonly input: RunOptions['input'];
  readonly encoding: BufferEncoding | 'buffer';
  readonly maxBuffer: number;
  readonly reject: boolean;
  readonly onSpawn: RunOptions['onSpawn'];
}

function isIterable(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    (ArrayBuffer.isView(value) || Symbol.iterator in value || Symbol.asyncIterator in value)
  );
}

/** Checks the options of run and runSync. */
export function checkRun(file: string, args: readonly string[], given: RunOptions): CheckedRun {
  assertKeys(given, runOptions, 'options');
  const options = ownOptions(given);
  const { input, encoding = 'utf8', maxBuffer = DEFAULT_MAX_BUFFER, reject = true } = options;
  if (input !== undefined && typeof input !== 'string' && !isIterable(input)) {
    fail('input', 'a string, bytes, a stream or an iterable', input);
  }
  if (encoding !== 'buffer' && !Buffer.isEncoding(encoding)) {
    fail('encoding', "an encoding or 'buffer'", encoding);
  }
  checkCount('maxBuffer', maxBuffer);
  checkBoolean('reject', reject);
  checkFunction('onSpawn', options.onSpawn);
  if (options.terminal) throw new TypeError('terminal: use spawn; a terminal mixes the outputs');
  const stdio = options.stdio ?? [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'];
  if (stdio.includes('ipc')) throw new TypeError("stdio: use fork or spawn for an 'ipc'");
  return {
    ...checkValues(file, args, ownOptions({ ...options, stdio })),
    input,
    encoding,
    maxBuffer,
    reject,
    onSpawn: options.onSpawn,
  };
}
