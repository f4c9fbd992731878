// `ns` itself: finds the subcommand, loading nothing else, and reports how it ended.
import { readFileSync } from 'node:fs';
import type { Command } from './command.js';
import { commandHelp, generalHelp } from './help.js';
import { commonOptions, readOptions, UsageError } from './options.js';

const commands: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./run.js')).run,
  enter: async () => (await import('./enter.js')).enter,
  ls: async () => (await import('./ls.js')).ls,
  doctor: async () => (await import('./doctor.js')).doctor,
  net: async () => (await import('./net.js')).net,
  kill: async () => (await import('./kill.js')).killCommand,
  cgroup: async () => (await import('./cgroup.js')).cgroupCommand,
  ps: async () => (await import('./ps.js')).ps,
  ipc: async () => (await import('./ipc.js')).ipc,
  mounts: async () => (await import('./mounts.js')).mounts,
  sandbox: async () => (await import('./sandbox.js')).sandbox,
  inspect: async () => (await import('./inspect.js')).inspect,
  pin: async () => (await import('./pin.js')).pin,
  unpin: async () => (await import('./pin.js')).unpin,
  explain: async () => (await import('./explain.js')).explain,
  completion: async () => (await import('./completion.js')).completion,
};

/** All commands, in the order of the help. */
export function allCommands(): Promise<Command[]> {
  return Promise.all(Object.values(commands).map((load) => load()));
}

/** The version of the package. */
export function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Whether JSON is wanted, also where the options are wrong. */
function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const own = end < 0 ? args : args.slice(0, end);
  return own.some((word) => word === '--json' || word === '-J');
}

async function runCommand(command: Command, args: readonly string[]): Promise<void> {
  const { end } = await import('./outcome.js');
  try {
    const options = [...command.options, commonOptions];
    const given = readOptions(args, options);
    if (given.has('help')) print(commandHelp({ ...command, options }));
    else if (given.has('version')) print(version());
    else await end(await command.run(given));
  } catch (error) {
    const { report } = await import('./failure.js');
    const { name, failureCode: own, usage } = command;
    // The words of another command are not for us.
    const json = !usage.includes('[command') && asksForJson(args);
    report(error, { command: `ns ${name}`, own, json });
  }
}

async function runGeneral(args: readonly string[]): Promise<void> {
  try {
    const given = readOptions(args, [commonOptions]);
    const [name] = given.operands;
    if (given.has('version')) {
      print(version());
    } else if (given.has('help') || (name === undefined && args.length === 0)) {
      print(generalHelp(await allCommands()));
    } else {
      throw new UsageError(
        name === undefined ? 'a command is missing' : `unknown command '${name}'`,
      );
    }
  } catch (error) {
    const { report } = await import('./failure.js');
    report(error, { command: 'ns', own: 1, json: asksForJson(args) });
  }
}

/**
 * The `ns` command: reads its arguments, does what they say, and sets the exit code of this
 * process, or dies of the signal that ended the command it ran.
 *
 * @param args the words after `ns`
 */
export async function main(args: readonly string[]): Promise<void> {
  // Whoever reads our output may stop to.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  const [name = '', ...rest] = args;
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load) await runCommand(await load(), rest);
  else await runGeneral(args);
}
