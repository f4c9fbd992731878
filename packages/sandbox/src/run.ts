// sandbox.run(): one command in a new sandbox.
import { type OutputOf, type RunOptions, type RunResult, run as runCommand } from '@ns/core';
import { type Members, type Parser, type Preparation, parse, runEach } from '@ns/core/authors';
import { type Build, buildSandbox } from './build/build.js';
import { mayTrace } from './build/credentials.js';
import { hasUplink } from './build/network.js';
import { commandDefaults, commandOptions } from './command.js';
import type { OutputEncoding, SandboxRunOptions } from './command-types.js';
import { startSandbox } from './create-sandbox.js';
import { members, type Settings } from './options/members.js';
import type { SandboxOptions } from './options/types.js';
import type { SandboxReport } from './report.js';

/** Names of the options of the command. */
const commandNames = [
  'input',
  'signal',
  'reject',
  'encoding',
  'stdio',
  'onSpawn',
  'argv0',
] as const satisfies readonly (keyof SandboxRunOptions)[];

type CommandOptions = Pick<SandboxRunOptions, (typeof commandNames)[number]>;

/** Options of `sandbox.run`: of the sandbox, and of the command in it. */
export interface SandboxRun extends SandboxOptions, CommandOptions {}

/** The result of a command that has ended, with the report of its sandbox. */
export interface SandboxResult<Output = string> extends RunResult<Output> {
  readonly report: SandboxReport;
}

/** A value that run() of `@ns/core` parses. */
const passedOn =
  <Name extends keyof CommandOptions>(): Parser<CommandOptions[Name]> =>
  (value) =>
    value as CommandOptions[Name];

const encoding: Parser<OutputEncoding> = (value, name) =>
  value === 'buffer' || (typeof value === 'string' && Buffer.isEncoding(value))
    ? value
    : parse.refuse(name, "'buffer' or an encoding of Node.js", value);

const parseRun = parse.options({
  ...members,
  input: passedOn<'input'>(),
  signal: parse.abortSignal,
  reject: parse.boolean,
  encoding,
  stdio: passedOn<'stdio'>(),
  onSpawn: parse.callback<NonNullable<CommandOptions['onSpawn']>>(),
  argv0: parse.text,
} satisfies Members<SandboxRun>);

/**
 * Runs a command in a sandbox of its own, which ends with it and takes along all that it has left
 * behind.
 *
 * @throws {TypeError | RangeError} for a wrong option, before any system call
 * @throws {SandboxError} naming the part that the kernel refuses; nothing is left behind
 * @throws {RunError} if the command fails: a code other than 0, a signal, `timeout`, `maxBuffer`
 * @throws an AbortError if `signal` fires: before the call, while the sandbox starts, or while the command
 *   runs, which is killed then
 * @example const { stdout } = await sandbox.run('node', ['-p', 'process.pid']);
 */
export async function run<const Encoding extends OutputEncoding | undefined = undefined>(
  command: string,
  args: readonly string[] = [],
  options: SandboxRun & { encoding?: Encoding } = {},
): Promise<SandboxResult<OutputOf<Encoding>>> {
  const settings = parseRun(options);
  const given = Object.fromEntries(
    commandNames.flatMap((name) =>
      settings[name] === undefined ? [] : [[name, settings[name]] as const],
    ),
  ) as CommandOptions;
  // A way outside has to be opened between the creation and the command.
  const result = hasUplink(settings)
    ? await runInStaying(command, args, given, settings)
    : await buildSandbox(
        settings,
        (build) => runAlone(command, args, given, build),
        settings.signal,
      );
  return result as SandboxResult<OutputOf<Encoding>>;
}

/** Runs the command as the child of the sandbox's init, created in one step. */
async function runAlone(
  command: string,
  args: readonly string[],
  given: CommandOptions,
  { settings, identity, root, limits, namespaces, missing, group, rollback }: Build,
): Promise<SandboxResult<string | Buffer>> {
  const { maxBuffer } = settings;
  const defaults = commandDefaults(settings, identity, limits.rlimits);
  // PID 1 keeps the credentials that the command gives up with its exec. SECURITY.md S7.
  const prepare = (child: Preparation) => {
    defaults.prepare(child);
    child.useInit({ confined: true, guarded: mayTrace(settings) });
  };
  const bounded = { ...given, ...(maxBuffer === undefined ? {} : { maxBuffer }) };
  const result = await runCommand(
    command,
    args,
    commandOptions({ ...defaults, prepare }, bounded, namespaces, group) as RunOptions & {
      encoding: 'buffer';
    },
  );
  await runEach([() => rollback.undo(), () => root.release()]);
  return { ...result, report: { limits: limits.report, missing } };
}

/** Runs the command in a sandbox that is there before it, and ends with it. */
async function runInStaying(
  command: string,
  args: readonly string[],
  given: CommandOptions,
  settings: Settings,
): Promise<SandboxResult<string | Buffer>> {
  await using box = await startSandbox(settings, given.signal);
  const result = await box.run(command, args, {
    ...given,
    onSpawn: (child) => {
      // Processes that are left could hold the output open for ever. Errors are those of the disposal.
      child.exited.then(() => box.stop()).catch(() => {});
      given.onSpawn?.(child);
    },
  });
  return { ...result, report: box.report };
}
