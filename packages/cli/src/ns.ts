// `ns` itself: finds the subcommand, loading nothing else, and reports how it ended.
import manifest from '../package.json' with { type: 'json' };
import type { Command } from './command.js';
import { commandHelp, generalHelp, verbHelp } from './help.js';
import { asksForJson, commonOptions, type Given, readOptions, UsageError } from './options.js';
import { print, printJson } from './output.js';
import { type Chosen, choose } from './verbs.js';

const commands: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./run/run.js')).run,
  enter: async () => (await import('./enter/enter.js')).enter,
  ls: async () => (await import('./ls/ls.js')).ls,
  doctor: async () => (await import('./doctor.js')).doctor,
  net: async () => (await import('./net/net.js')).net,
  kill: async () => (await import('./kill.js')).killCommand,
  cgroup: async () => (await import('./cgroup/cgroup.js')).cgroupCommand,
  ps: async () => (await import('./ps.js')).ps,
  ipc: async () => (await import('./ipc.js')).ipc,
  mounts: async () => (await import('./mounts.js')).mounts,
  sandbox: async () => (await import('./sandbox/sandbox.js')).sandbox,
  inspect: async () => (await import('./inspect.js')).inspect,
  pin: async () => (await import('./pin.js')).pin,
  unpin: async () => (await import('./pin.js')).unpin,
  explain: async () => (await import('./run/explain.js')).explain,
  completion: async () => (await import('./completion/completion.js')).completion,
};

/** Exit code if no command is found. */
const GENERAL_FAILURE = 1;

/** All commands, in the order of the help. */
export function allCommands(): Promise<Command[]> {
  return Promise.all(Object.values(commands).map((load) => load()));
}

/** The version of the package, known since it was built. */
export const { version } = manifest;

/** Whether there is such a subcommand. */
export const isCommand = (name: string): boolean => Object.hasOwn(commands, name);

function printVersion(given: Given): void {
  if (given.has('json')) printJson({ version });
  else print(version);
}

async function runCommand(command: Command, args: readonly string[]): Promise<void> {
  const { end } = await import('./outcome.js');
  let chosen: Chosen | undefined;
  try {
    chosen = choose(command, args);
    const { action, verb, words } = chosen;
    const given = readOptions(words, [...action.options, commonOptions], {
      anywhere: !action.runs,
    });
    if (given.has('help'))
      print(verb === undefined ? commandHelp(command) : verbHelp(command, verb));
    else if (given.has('version')) printVersion(given);
    else await end(await action.run(given, allCommands));
  } catch (error) {
    const { report } = await import('./failure.js');
    const { words = args, action } = chosen ?? {};
    const json = asksForJson(words, action?.options ?? [], { anywhere: !action?.runs });
    report(error, { command: `ns ${command.name}`, own: command.failureCode, json });
  }
}

async function runGeneral(args: readonly string[]): Promise<void> {
  try {
    const given = readOptions(args, [commonOptions]);
    const [name] = given.operands;
    if (given.has('version')) {
      printVersion(given);
    } else if (given.has('help') || (name === undefined && args.length === 0)) {
      print(generalHelp(await allCommands()));
    } else {
      throw new UsageError(
        name === undefined ? 'a command is missing' : `unknown command '${name}'`,
      );
    }
  } catch (error) {
    const { report } = await import('./failure.js');
    report(error, {
      command: 'ns',
      own: GENERAL_FAILURE,
      json: asksForJson(args, [], { anywhere: true }),
    });
  }
}

/** Ends the program whose output cannot be written: quietly, if nobody reads it any more. */
async function endWithoutOutput(error: NodeJS.ErrnoException, command?: Command): Promise<void> {
  if (error.code !== 'EPIPE') {
    const { report } = await import('./failure.js');
    const name = command === undefined ? 'ns' : `ns ${command.name}`;
    report(error, { command: name, own: command?.failureCode ?? GENERAL_FAILURE });
  }
  process.exit();
}

/**
 * The `ns` command: reads its arguments, does what they say, and sets the exit code of this
 * process, or dies of the signal that ended the command it ran.
 *
 * @param args the words after `ns`
 */
export async function main(args: readonly string[]): Promise<void> {
  const [name = '', ...rest] = args;
  const command = isCommand(name) ? await commands[name]?.() : undefined;
  process.stdout.on('error', (error) => void endWithoutOutput(error, command));
  process.stderr.on('error', () => {}); // nobody is there to be told: the exit code has to do
  if (command) await runCommand(command, rest);
  else await runGeneral(args);
}
