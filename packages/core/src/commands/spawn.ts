// spawn(): a command as a child in namespaces.
import type { CommandChild } from '../child/child.js';
import { launch } from '../child/launch.js';
import type { SpawnOptions, StdioItem, StdioOptions } from '../child/options.js';
import { parseSpawn } from '../child/parse.js';
import { planChild } from '../child/plan.js';
import { explainPlan } from '../child/program/child-program.js';
import type { TerminalSize } from '../child/terminal.js';
import { throwIfAborted } from '../contract/abort.js';
import { startLimit } from '../contract/call-end.js';
import { NamespaceProcess } from '../process/namespace-process.js';
import type { SpawnedProcess } from '../process/spawned-process.js';

/** Makes a child and follows it. */
export async function start(child: CommandChild): Promise<NamespaceProcess> {
  const started = performance.now();
  throwIfAborted(child.signal);
  const { timeout } = child;
  const running = await launch(planChild(child), startLimit(timeout));
  const left = timeout && Math.max(1, timeout - (performance.now() - started));
  return new NamespaceProcess(running, { ...child, timeout: left });
}

/**
 * Starts a command in namespaces: new ones (specifications), existing ones (handles), or both.
 * The command is looked up in the child's PATH, in the child's mounts, and run without a shell.
 *
 * New namespaces need CAP_SYS_ADMIN, unless `user()` is among them. Joining one needs it in the
 * user namespace that owns it.
 *
 * @returns the process, once it runs the command; its streams are typed by `stdio` and `terminal`
 * @throws {TypeError | RangeError} for wrong arguments, before any system call
 * @throws {SystemError} naming the call that failed, in the caller or in the child; nothing is left
 * @throws {Error} an AbortError if `signal` fires before the command runs; with the code ETIMEDOUT if
 *   `timeout` is over before that
 * @see clone(2), setns(2), namespaces(7), unshare(1), nsenter(1)
 * @example const child = await spawn('hostname', [], { namespaces: [user({ map: 'root' }), uts({ hostname: 'box' })] });
 */
export async function spawn<
  const Stdio extends StdioOptions | readonly StdioItem[] | undefined = undefined,
  const Tty extends boolean | TerminalSize | undefined = undefined,
>(
  command: string,
  args: readonly string[] = [],
  options: SpawnOptions & { stdio?: Stdio; terminal?: Tty } = {},
): Promise<SpawnedProcess<Stdio, Tty>> {
  const child = await start(parseSpawn(command, args, options));
  return child as SpawnedProcess<Stdio, Tty>;
}

/**
 * Returns the system calls that {@link spawn} would make, one on each line as strace(1) shows them.
 * Nothing is run. Descriptors that spawn opens have placeholder numbers.
 */
export function explainSpawn(
  command: string,
  args: readonly string[] = [],
  options: SpawnOptions = {},
): string {
  return explainPlan(planChild(parseSpawn(command, args, options)));
}
