// Changes of a mount table as they happen.
import { type InOptions, Watch } from '@ns/core';
import { inNamespace, type Members, parse } from '@ns/core/authors';
import type { TableChange } from './mount-table.js';
import { anyChanges } from './reported-changes.js';

/** Options of {@link watchMounts}. */
export interface WatchMountsOptions extends InOptions {
  /** Ends the watch: the iteration throws an AbortError. */
  signal?: AbortSignal | undefined;
}

const parseOptions = parse.options({
  in: inNamespace('mount'),
  signal: parse.abortSignal,
} satisfies Members<WatchMountsOptions>);

/**
 * Watches a mount table, from the call on: mounts attached, detached, or changed in their options,
 * propagation or target. Changes that are undone before they are looked at are not seen. The kernel does
 * not report a changed propagation, nor a directory renamed above a mount: those are seen with the next
 * change.
 *
 * With Linux 6.15 and CAP_SYS_ADMIN over the namespace the kernel itself reports the mounts that have
 * come and gone, and only those are looked at; else, and for changes of options and propagation, tables
 * are compared whenever the kernel reports a change. The results are the same except for `uniqueId`,
 * which only the first way has.
 *
 * @example
 * for await (const { kind, mount } of watchMounts()) console.log(kind, mount.target);
 * @param options `in`: with a pid, the targets begin at the root directory of that process
 * @throws {SystemError} ENOENT without such a process; for a handle, as for entering it
 * @see fanotify(7), proc_pid_mountinfo(5)
 */
export function watchMounts(options: WatchMountsOptions = {}): Watch<TableChange> {
  const { in: target, signal } = parseOptions(options);
  return new Watch((wake) => anyChanges(target, wake), signal);
}
