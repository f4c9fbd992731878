// spawn(): a command as a child in namespaces.

import { checkSpawn } from './check.js';
import { launch } from './launch.js';
import type { SpawnOptions } from './options.js';
import { draft } from './plan/draft.js';
import { explainDraft } from './plan/plan.js';
import { NamespaceProcess } from './process.js';

/**
 * Starts a command in namespaces: new ones (specifications), existing ones (handles), or both.
 * The command is looked up in the child's PATH, in the child's mounts, and run without a shell.
 *
 * New namespaces need CAP_SYS_ADMIN, unless `user()` is among them; joining one needs it in the
 * user namespace that owns it.
 *
 * @returns the process, once it runs the command
 * @throws {TypeError | RangeError} for wrong arguments, before any system call
 * @throws {SystemError} naming the call that failed, here or in the child; nothing is left behind
 * @see clone(2), setns(2), namespaces(7), unshare(1), nsenter(1)
 * @example const child = await spawn('hostname', [], { namespaces: [user({ map: 'root' }), uts({ hostname: 'box' })] });
 */
export async function spawn(
  command: string,
  args: readonly string[] = [],
  options: SpawnOptions = {},
): Promise<NamespaceProcess> {
  const checked = checkSpawn(command, args, options);
  return new NamespaceProcess(await launch(draft(checked)), checked);
}

/**
 * What {@link spawn} would do, a call on each line as strace(1) shows them; nothing is run.
 * Descriptors that spawn opens have placeholder numbers.
 */
export function explainSpawn(
  command: string,
  args: readonly string[] = [],
  options: SpawnOptions = {},
): string {
  return explainDraft(draft(checkSpawn(command, args, options)));
}
