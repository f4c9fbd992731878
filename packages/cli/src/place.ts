// Which namespace an option --in means: that of a process, or the one behind a file.
import { Namespace, type NamespaceType } from '@ns/core';
import { type Given, UsageError } from './options.js';

/** A handle of the namespace that a text means: a pid, or the path of a file. */
export function openPlace(text: string, type: NamespaceType): Namespace {
  if (/^[1-9]\d{0,9}$/.test(text)) return Namespace.of(Number(text), type);
  if (text.includes('/')) return Namespace.fromPath(text, type);
  throw new UsageError(`'${text}' is neither a process id nor the path of a namespace`);
}

/** Calls back with the namespace that --in means; without that option, with undefined. */
export function withPlace<Result>(
  given: Given,
  type: NamespaceType,
  use: (place: Namespace | undefined) => Result,
): Result {
  const text = given.value('in');
  if (text === undefined) return use(undefined);
  const place = openPlace(text, type);
  try {
    return use(place);
  } finally {
    place.close();
  }
}
