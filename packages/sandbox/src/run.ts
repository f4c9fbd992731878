// run(): one command in a sandbox of its own.
import { type RunOptions, type RunResult, run as runCommand } from '@ns/core';
import type { Preparation } from '@ns/core/authors';
import { commandOptions, commandParts, type SandboxRunOptions } from './command.js';
import { create } from './create-sandbox.js';
import { mayTrace } from './build/identity.js';
import { takeAll } from './made.js';
import { type Making, make } from './build/build.js';
import { hasUplink } from './build/network.js';
import type { SandboxOptions } from './options/types.js';
import type { SandboxReport } from './report.js';
import { assertOptions, ownProperties } from './options/validate.js';

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
  assertOptions(options);
  const { input, signal, reject, encoding, stdio, onSpawn, argv0, ...description } =
    ownProperties(options);
  const given = { input, signal, reject, encoding, stdio, onSpawn, argv0 };
  const wanted = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined));
  if (signal?.aborted) throw signal.reason;
  // It has to be opened between the making and the command.
  return hasUplink(description)
    ? runInStaying(command, args, wanted, description)
    : make(description, (making) => runAlone(command, args, wanted, making));
}

/** The command is made with the sandbox, as the child of its init. */
async function runAlone(
  command: string,
  args: readonly string[],
  given: SandboxRunOptions,
  { options, identity, root, limited, namespaces, missing, group, made }: Making,
): Promise<SandboxResult<string | Buffer>> {
  const { maxBuffer } = options;
  const parts = commandParts(options, identity, limited.rlimits);
  // PID 1 goes on having what the command gives up with its exec. SECURITY.md S7.
  const prepare = (child: Preparation) => {
    parts.prepare(child);
    child.useInit({ confined: true, guarded: mayTrace(options) });
  };
  const bounded = { ...given, ...(maxBuffer === undefined ? {} : { maxBuffer }) };
  const result = await runCommand(
    command,
    args,
    commandOptions({ ...parts, prepare }, bounded, namespaces, group) as RunOptions & {
      encoding: 'buffer';
    },
  );
  await takeAll([() => made.undo(), () => root.release()]);
  return { ...result, report: { limits: limited.report, missing } };
}

/** The command joins a sandbox, which is there before it and ends with it. */
async function runInStaying(
  command: string,
  args: readonly string[],
  given: SandboxRunOptions,
  description: SandboxOptions,
): Promise<SandboxResult<string | Buffer>> {
  await using box = await create(description);
  const result = await box.run(command, args, {
    ...(given as { encoding: 'buffer' }),
    onSpawn: (child) => {
      // Whoever is left could hold the output open for ever. If it fails, the block's end says so.
      child.exited.then(() => box.stop()).catch(() => {});
      given.onSpawn?.(child);
    },
  });
  return { ...result, report: box.report };
}
