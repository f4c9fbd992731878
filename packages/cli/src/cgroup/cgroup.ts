// `ns cgroup`: groups of the cgroup v2 tree.
import type { Cgroup } from '@ns/cgroup';
import { type Command, done, type Outcome, type Verb } from '../command.js';
import { limitOptions, limitsOf } from '../limit-options.js';
import { type Given, type OptionGroup, UsageError } from '../options.js';
import { printJson } from '../output.js';
import { top } from './top.js';
import { describe, openGroup, show, tree } from './view.js';

type Act = (group: Cgroup, given: Given) => void | Promise<void>;

/** Calls back with the group that is named, or else with this one; without it, one must be named. */
async function withGroup(given: Given, usual: string | undefined, act: Act): Promise<Outcome> {
  const { operands } = given;
  const [text] = usual !== undefined && operands.length === 0 ? [usual] : given.named('the group');
  using group = openGroup(text);
  await act(group, given);
  return done;
}

/** One that shows groups. */
function showing(summary: string, usual: string, act: Act, options: readonly OptionGroup[]): Verb {
  const run = (given: Given) => withGroup(given, usual, act);
  const usage = options.length === 0 ? '[GROUP]' : '[options] [GROUP]';
  return { usage, summary, options, run };
}

/** One that changes a group, which --json tells as it is then. */
function changing(summary: string, act: Act, rest: Partial<Verb> = {}): Verb {
  const change: Act = async (group, given) => {
    await act(group, given);
    if (given.has('json')) printJson(describe(group));
  };
  const run = (given: Given) => withGroup(given, undefined, change);
  return { usage: 'GROUP', summary, options: [], ...rest, run };
}

function set(group: Cgroup, given: Given): void {
  const limits = limitsOf(given);
  if (limits === undefined) throw new UsageError('a limit is missing');
  group.writeLimits(limits);
}

const topOptions: OptionGroup = {
  title: 'Options',
  options: {
    once: { help: 'once, then end' },
    delay: { short: 'd', value: 'SECONDS', help: 'between two readings (default: 1)' },
  },
};

export const cgroupCommand: Command = {
  name: 'cgroup',
  summary: 'Groups of the cgroup v2 tree: what they use, their limits, freezing and ending them.',
  verbs: {
    show: showing('Show all that is known of a group.', String(process.pid), show, []),
    tree: showing('Show the groups below it, with processes and memory.', '/', tree, []),
    top: showing('Show what groups use, again and again, the busiest first.', '/', top, [
      topOptions,
    ]),
    set: changing('Set limits.', set, { usage: 'GROUP options', options: [limitOptions] }),
    freeze: changing('Stop its processes, and wait until they are.', (group) => group.freeze()),
    thaw: changing('Let them go on.', (group) => group.thaw()),
    kill: changing('End its processes, and wait until they are gone.', (group) => group.kill()),
  },
  usual: 'tree',
  notes: [
    'GROUP is a path from the root of the tree, a directory of it, or a pid in the group. Default: the own group for show, the root for tree and top; the others need it.',
    'top is left with q. kill and freeze refuse the group that ns itself is in. With --json, what changes a group prints it as show does.',
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
