// `ns net`: network namespaces.
import type { Command, Outcome } from './command.js';
import { graph } from './net/graph.js';
import { add, exec, identify, list, pids, remove } from './net/names.js';
import { show } from './net/show.js';
import { topology } from './net/topology.js';
import { type Given, UsageError } from './options.js';

const verbs: Readonly<Record<string, (rest: readonly string[]) => Outcome | Promise<Outcome>>> = {
  ls: list,
  add,
  del: remove,
  exec,
  pids,
  identify,
  show,
  graph,
  topology,
};

function dispatch(given: Given): Outcome | Promise<Outcome> {
  const [verb = 'ls', ...rest] = given.operands;
  const run = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (!run)
    throw new UsageError(`there is no 'ns net ${verb}', only ${Object.keys(verbs).join(', ')}`);
  return run(rest);
}

export const net: Command = {
  name: 'net',
  summary: 'Network namespaces: their names, what is in them, how they are joined, whole labs.',
  usage:
    'ls | add NAME | del NAME | exec NAME [--] command... | pids NAME | identify [PID] | show | graph | topology up|down|plan FILE',
  options: [],
  verbs: Object.keys(verbs),
  notes: [
    'ls, add, del, exec, pids and identify are those of ip netns. ls takes --json. exec runs a command in the namespace, with the files of /etc/netns/NAME in the place of those in /etc.',
    'show [--in PLACE] [--json]: links, addresses and routes, and where each link leads. PLACE is a name, a process id or a path; without it, all namespaces that can be found.',
    'graph [--format dot|mermaid] [--all]: all namespaces and how they are joined, as a picture for Graphviz or Mermaid; --all with those that nothing is joined to.',
    'topology up|down|plan FILE: makes the lab that a JSON file describes, takes it down, or tells what up would do. What up has made before and the file no longer names, it takes away. "-" is standard input. The file has "namespaces": { NAME: { "interfaces": { NAME: { "addresses": [...], ... } }, "routes": [...], "sysctls": {...} } } and "cables": [["a:eth0", "b:eth0"]].',
    'Exit code: 0, or 125 for an error; of exec, that of the command.',
  ],
  examples: [
    'ns net add blue',
    'ns net exec blue ip address',
    'ns net ls --json',
    'ns net show --in blue',
    'ns net graph --format mermaid',
    'ns net topology up lab.json',
    'ns net del blue',
  ],
  failureCode: 125,
  run: dispatch,
};
