// `ns run --net=FILE` and the like: the new namespace is kept by a file, as unshare(1) does it.
import { Namespace } from '@ns/core';
import type { Preparation } from '@ns/core/authors';
import { namedTypes } from '../namespace-options.js';
import { type Given, UsageError } from '../options.js';

/** Has those namespaces pinned that a file is named for, as soon as they are there. */
export function preparePins(given: Given, child: Preparation): void {
  const pins = namedTypes(given).flatMap((type) => {
    const path = given.value(type);
    return path === undefined ? [] : [{ type, path }];
  });
  if (pins.length === 0) return;
  for (const { type, path } of pins) {
    if (path === '') throw new UsageError(`--${type}= needs a file`);
  }
  const pinned: string[] = [];
  child.onFailure(() => {
    for (const path of pinned) Namespace.unpin(path);
  });
  // The child has them all by then, and waits.
  child.program('credentials').meet(({ pid }) => {
    for (const { type, path } of pins) {
      // A process enters a new time namespace with its exec.
      const forChildren = type === 'time';
      const namespace = Namespace.of(pid, type, forChildren ? { forChildren } : {});
      try {
        namespace.pin(path);
        pinned.push(path);
      } finally {
        namespace.close();
      }
    }
  });
}
