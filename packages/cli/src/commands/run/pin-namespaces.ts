// `ns run --net=FILE`: pins the new namespace to a file, as unshare(1) does.
import { Namespace } from '@ns/core';
import type { Preparation } from '@ns/core/authors';
import { namedTypes } from '../../arguments/namespace-types.js';
import type { CommandLine } from '../../framework/command-line.js';
import { UsageError } from '../../framework/usage-error.js';

/** Pins the namespaces whose options have a file, as soon as the child has created them. */
export function preparePins(commandLine: CommandLine, child: Preparation): void {
  const pins = namedTypes(commandLine).flatMap((type) => {
    const path = commandLine.value(type);
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
  // The child has created all of them by then, and waits.
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
