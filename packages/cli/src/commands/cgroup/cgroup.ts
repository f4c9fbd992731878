// `ns cgroup`: groups of the cgroup v2 tree.
import type { Cgroup } from '@ns/cgroup';
import { limitOptions, limitsOf } from '../../arguments/limits.js';
import { type Command, done, type Outcome, type Verb } from '../../framework/command.js';
import type { CommandLine } from '../../framework/command-line.js';
import type { OptionGroup } from '../../framework/option-table.js';
import { printJson } from '../../framework/output.js';
import { UsageError } from '../../framework/usage-error.js';
import { describeGroup, openGroup } from './group.js';
import { show } from './show.js';
import { top } from './top.js';
import { tree } from './tree.js';

type GroupAction = (group: Cgroup, commandLine: CommandLine) => void | Promise<void>;

/** Calls back with the group that is named, or else with the usual one. Without it, a name is needed. */
async function withGroup(
  commandLine: CommandLine,
  usual: string | undefined,
  action: GroupAction,
): Promise<Outcome> {
  const isUsual = usual !== undefined && commandLine.operands.length === 0;
  const [text] = isUsual ? [usual] : commandLine.named('the group');
  using group = openGroup(text);
  await action(group, commandLine);
  return done;
}

/** Returns a verb that shows groups. */
function showing(
  summary: string,
  usual: string,
  action: GroupAction,
  options: readonly OptionGroup[],
): Verb {
  const run = (commandLine: CommandLine) => withGroup(commandLine, usual, action);
  const usage = options.length === 0 ? '[GROUP]' : '[options] [GROUP]';
  return { usage, summary, options, run };
}

/** Returns a verb that changes a group. With --json, it prints the group afterwards. */
function changing(summary: string, action: GroupAction, rest: Partial<Verb> = {}): Verb {
  const change: GroupAction = async (group, commandLine) => {
    await action(group, commandLine);
    if (commandLine.has('json')) printJson(describeGroup(group));
  };
  const run = (commandLine: CommandLine) => withGroup(commandLine, undefined, change);
  return { usage: 'GROUP', summary, options: [], ...rest, run };
}

function set(group: Cgroup, commandLine: CommandLine): void {
  const limits = limitsOf(commandLine);
  if (limits === undefined) throw new UsageError('a limit is missing');
  group.writeLimits(limits);
}

const topOptions: OptionGroup = {
  title: 'Options',
  options: {
    once: { help: 'print once and end' },
    delay: { short: 'd', value: 'TIME', help: 'time between two readings (default: 1s)' },
  },
};

export const cgroup: Command = {
  name: 'cgroup',
  summary: 'Groups of the cgroup v2 tree: what they use, their limits, freezing and ending them.',
  verbs: {
    show: showing('Show all data of a group.', String(process.pid), show, []),
    tree: showing('Show the groups below a group, with processes and memory.', '/', tree, []),
    top: showing('Show the usage of groups again and again, the busiest first.', '/', top, [
      topOptions,
    ]),
    set: changing('Set limits.', set, { usage: 'GROUP options', options: [limitOptions] }),
    freeze: changing('Stop all processes, and wait until they are stopped.', (group) =>
      group.freeze(),
    ),
    thaw: changing('Continue all processes.', (group) => group.thaw()),
    kill: changing('End all processes, and wait until they are gone.', (group) => group.kill()),
  },
  usual: 'tree',
  notes: [
    'GROUP is a path from the root of the tree, a directory of it, or a pid in the group. Default: the group of ns for show, the root for tree and top; the others need it.',
    'q ends top. kill and freeze refuse the group of ns itself. With --json, a verb that changes a group prints it as show does.',
    'Exit code: 0, or 1 for an error.',
  ],
  examples: [
    'ns cgroup tree',
    'ns cgroup show 4711 --json',
    'ns cgroup top --once --json',
    'ns cgroup set /batch --memory 2G --cpus 150%',
    'ns cgroup freeze /batch',
  ],
  failureCode: 1,
};
