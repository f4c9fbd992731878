// fork(): a Node process in namespaces, with the IPC channel.
import { fileURLToPath } from 'node:url';
import { type SpawnOptions, spawnOptions } from '../child/options.js';
import { assertKeys, ownOptions } from '../contract/arguments.js';
import type { NamespaceProcess } from '../process/namespace-process.js';
import { spawn } from './spawn.js';

/** Options of {@link fork}. */
export interface ForkOptions extends SpawnOptions {
  /** The Node executable. Default: the running one. */
  execPath?: string;
  /** Options for it. Default: `process.execArgv`. */
  execArgv?: readonly string[];
  /** Give the output as streams instead of passing it on. Default: false. */
  silent?: boolean;
}

/** Names of the options of fork. */
export const forkOptions = [
  ...spawnOptions,
  ...['execPath', 'execArgv', 'silent'],
] as const satisfies readonly (keyof ForkOptions)[];

/**
 * Runs a Node module in namespaces, with a channel: `child.send()` and the `message` event here,
 * `process.send()` and `process.on('message')` there. As child_process.fork, without handles of
 * sockets in messages. The executable and the module must be in the child's mounts.
 *
 * @throws as {@link spawn}
 * @example const child = await fork('./worker.js', [], { namespaces: [user(), net()] });
 */
export function fork(
  modulePath: string | URL,
  args: readonly string[] = [],
  options: ForkOptions = {},
): Promise<NamespaceProcess> {
  assertKeys(options, forkOptions, 'options');
  const {
    execPath = process.execPath,
    execArgv = process.execArgv,
    silent = false,
    ...others
  } = ownOptions(options);
  const rest = ownOptions(others);
  const path = modulePath instanceof URL ? fileURLToPath(modulePath) : modulePath;
  const output = silent ? 'pipe' : 'inherit';
  const stdio = rest.stdio ?? [output, output, output, 'ipc'];
  if (typeof stdio === 'string' || !stdio.includes('ipc')) {
    return Promise.reject(new TypeError("stdio must contain 'ipc'"));
  }
  return spawn(execPath, [...execArgv, path, ...args], { ...rest, stdio });
}
