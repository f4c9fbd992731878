// `ns net`: network namespaces.
import type { Command } from '../command.js';
import { graph } from './graph.js';
import { add, del, exec, identify, ls, pids } from './names.js';
import { show } from './show.js';
import { topology } from './topology.js';

export const net: Command = {
  name: 'net',
  summary: 'Network namespaces: their names, what is in them, how they are joined, whole labs.',
  verbs: { ls, add, del, exec, pids, identify, show, graph, topology },
  usual: 'ls',
  notes: [
    'ls, add, del, exec, pids and identify are those of ip netns. exec runs a command in the namespace, with the files of /etc/netns/NAME in the place of those in /etc.',
    'show tells links, addresses and routes, and where each link leads. PLACE is a name, a process id or a path; without it, all namespaces that can be found. graph has the same as a picture for Graphviz or Mermaid.',
    'topology up makes the lab that a JSON file describes, down takes it down, and plan tells what up would do. What up has made before and the file no longer names, it takes away. "-" is standard input. The file has "namespaces": { NAME: { "interfaces": { NAME: { "addresses": [...], ... } }, "routes": [...], "sysctls": {...} } } and "cables": [["a:eth0", "b:eth0"]].',
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
};
