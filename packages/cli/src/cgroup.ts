// `ns cgroup`: groups of the cgroup v2 tree.
import type { Cgroup } from '@ns/cgroup';
import { top } from './cgroup-top.js';
import { openGroup, show, tree } from './cgroup-view.js';
import type { Command, Outcome } from './command.js';
import { limitOptions, limitsOf } from './limit-options.js';
import { type Given, type OptionGroup, readOptions, UsageError } from './options.js';

interface Verb {
  readonly options: OptionGroup;
  /** The group if none is named; without it, one must be. */
  readonly group?: string;
  act(group: Cgroup, given: Given): void | Promise<void>;
}

const json = { json: { short: 'J', help: 'as JSON' } } as const;
const listing: OptionGroup = { title: 'Options', options: json };
const nothing: OptionGroup = { title: 'Options', options: {} };
const topOptions: OptionGroup = {
  title: 'Options of top',
  options: {
    once: { help: 'once, then end' },
    delay: { short: 'd', value: 'SECONDS', help: 'between two readings (default: 1)' },
  },
};

function set(group: Cgroup, given: Given): void {
  const limits = limitsOf(given);
  if (limits === undefined) throw new UsageError('a limit is missing');
  group.set(limits);
}

const verbs: Readonly<Record<string, Verb>> = {
  show: { options: listing, group: String(process.pid), act: show },
  tree: { options: listing, group: '/', act: tree },
  top: {
    options: { title: 'Options', options: { ...json, ...topOptions.options } },
    group: '/',
    act: top,
  },
  set: { options: limitOptions, act: set },
  freeze: { options: nothing, act: (group) => group.freeze() },
  thaw: { options: nothing, act: (group) => group.thaw() },
  kill: { options: nothing, act: (group) => group.kill() },
};

/** Options may stand before the group and after it. */
function read(words: readonly string[], options: OptionGroup): Given {
  const given = readOptions(words, [options]);
  const [group, ...rest] = given.operands;
  if (group === undefined || !rest[0]?.startsWith('-')) return given;
  const before = words.slice(0, words.length - given.operands.length);
  return readOptions([...before, ...rest, group], [options]);
}

async function dispatch(given: Given): Promise<Outcome> {
  const [name = 'tree', ...words] = given.operands;
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (verb === undefined) {
    const known = Object.keys(verbs).join(', ');
    throw new UsageError(`there is no 'ns cgroup ${name}', only ${known}`);
  }
  const own = read(words, verb.options);
  const [text = verb.group, ...others] = own.operands;
  if (text === undefined) throw new UsageError('the group is missing');
  if (others.length > 0) throw new UsageError(`unexpected '${others[0]}'`);
  using group = openGroup(text);
  await verb.act(group, own);
  return { exitCode: 0 };
}

export const cgroupCommand: Command = {
  name: 'cgroup',
  summary: 'Groups of the cgroup v2 tree: what they use, their limits, freezing and ending them.',
  usage: 'show | tree | top | set | freeze | thaw | kill  [options] [GROUP]',
  verbs: Object.keys(verbs),
  // They belong to the verbs, and are read with them: here they are for the help alone.
  options: [topOptions, { ...limitOptions, title: 'Options of set' }],
  notes: [
    'GROUP is a path from the root of the tree, a directory of it, or a pid in the group. Default: the own group for show, the root for tree and top; the others need it.',
    'show, tree and top take --json. top is left with q. kill and freeze wait until it is done, and refuse the group that ns itself is in.',
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
  run: dispatch,
};
