// fork(): a Node process in namespaces, with the IPC channel.
import { fileURLToPath } from 'node:url';
import type { SpawnOptions } from '../child/options.js';
import { commandChild, spawnMembers } from '../child/parse.js';
import { type Members, options as parseOptions, withDefault } from '../contract/options.js';
import { boolean, list, path, text } from '../contract/values.js';
import type { NamespaceProcess } from '../process/namespace-process.js';
import { start } from './spawn.js';

/** Options of {@link fork}. */
export interface ForkOptions extends SpawnOptions {
  /** The Node executable. Default: the running one. */
  execPath?: string | undefined;
  /** Options for it. Default: `process.execArgv`. */
  execArgv?: readonly string[] | undefined;
  /** True for the output as streams, false to pass it on. Default: false. */
  silent?: boolean | undefined;
}

/** The parsers of the options of fork. */
export const forkMembers = {
  ...spawnMembers,
  execPath: path,
  execArgv: list(text),
  silent: withDefault(boolean, false),
} satisfies Members<ForkOptions>;

const parseFork = parseOptions(forkMembers);
const parseArgs = list(text);

/**
 * Runs a Node module in namespaces, with a channel: `child.send()` and the `message` event in the
 * caller, `process.send()` and `process.on('message')` in the child. As child_process.fork, without
 * handles of sockets in messages. The executable and the module must be in the child's mounts.
 *
 * @throws as {@link spawn}
 * @example const child = await fork('./worker.js', [], { namespaces: [user(), net()] });
 */
export async function fork(
  modulePath: string | URL,
  args: readonly string[] = [],
  options: ForkOptions = {},
): Promise<NamespaceProcess> {
  const parsed = parseFork(options);
  const { execPath = process.execPath, execArgv = process.execArgv, silent, stdio } = parsed;
  const module = path(
    modulePath instanceof URL ? fileURLToPath(modulePath) : modulePath,
    'modulePath',
  );
  if (stdio !== undefined && !stdio.includes('ipc')) {
    throw new TypeError("options.stdio must contain 'ipc'");
  }
  const output = silent ? 'pipe' : 'inherit';
  const command = [...execArgv, module, ...parseArgs(args, 'args')];
  return start(commandChild(execPath, command, parsed, [output, output, output, 'ipc']));
}
