// spawn(): a command as a child in namespaces.

import { draft } from '../child/compose.js';
import { launch } from '../child/launch.js';
import type { SpawnOptions } from '../child/options.js';
import { checkSpawn } from '../child/parse.js';
import { explainDraft } from '../child/plan/plan.js';
import { startLimit } from '../contract/call-end.js';
import { NamespaceProcess } from '../process/namespace-process.js';

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
 * @throws {Error} with the code ETIMEDOUT if `timeout` is over before the command runs
 * @see clone(2), setns(2), namespaces(7), unshare(1), nsenter(1)
 * @example const child = await spawn('hostname', [], { namespaces: [user({ map: 'root' }), uts({ hostname: 'box' })] });
 */
export async function spawn(
  command: string,
  args: readonly string[] = [],
  options: SpawnOptions = {},
): Promise<NamespaceProcess> {
  const started = performance.now();
  const checked = checkSpawn(command, args, options);
  const { timeout } = checked;
  const running = await launch(draft(checked), startLimit(timeout));
  const left = timeout && Math.max(1, timeout - (performance.now() - started));
  return new NamespaceProcess(running, { ...checked, timeout: left });
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
