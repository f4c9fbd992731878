// run(): one command in a sandbox of its own.
import type { RunResult } from '@ns/core';
import { create } from './create.js';
import type { SandboxOptions } from './options.js';
import type { SandboxReport, SandboxRunOptions } from './sandbox.js';

/** Options of {@link run}: of the sandbox, and of the command in it. */
export interface SandboxRun
  extends SandboxOptions,
    Pick<
      SandboxRunOptions,
      'input' | 'signal' | 'reject' | 'encoding' | 'stdio' | 'onSpawn' | 'argv0'
    > {}

/** A command that has ended, and the sandbox that it had. */
export interface SandboxResult<Output = string> extends RunResult<Output> {
  readonly report: SandboxReport;
}

/**
 * Runs a command in a sandbox of its own, which ends with it and takes along whatever it has left
 * behind.
 *
 * @throws {TypeError | RangeError} for a wrong option, before any system call
 * @throws {SandboxError} naming the part that the kernel refuses; nothing is left behind
 * @throws {RunError} if the command fails: a code other than 0, a signal, `timeout`, `maxBuffer`
 * @example const { stdout } = await sandbox.run('node', ['-p', 'process.pid']);
 */
export function run(
  command: string,
  args: readonly string[] | undefined,
  options: SandboxRun & { encoding: 'buffer' },
): Promise<SandboxResult<Buffer>>;
export function run(
  command: string,
  args?: readonly string[],
  options?: SandboxRun & { encoding?: BufferEncoding },
): Promise<SandboxResult>;
export async function run(
  command: string,
  args: readonly string[] = [],
  options: SandboxRun = {},
): Promise<SandboxResult<string | Buffer>> {
  const { input, signal, reject, encoding, stdio, onSpawn, argv0, ...description } = options;
  const given = { input, signal, reject, encoding, stdio, argv0 };
  const wanted = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined));
  signal?.throwIfAborted();
  await using box = await create(description);
  const result = await box.run(command, args, {
    ...(wanted as { encoding: 'buffer' }),
    onSpawn: (child) => {
      // Whoever is left could hold the output open for ever. If it fails, the block's end says so.
      child.exited.then(() => box.stop()).catch(() => {});
      onSpawn?.(child);
    },
  });
  return { ...result, report: box.report };
}
