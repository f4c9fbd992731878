// `ns net`: network namespaces.
import type { Command } from '../../framework/command.js';
import { graph } from './graph.js';
import { add, del, exec, identify, ls, pids } from './names.js';
import { show } from './show.js';
import { topology } from './topology.js';

export const net: Command = {
  name: 'net',
  summary: 'Network namespaces: names, contents, connections, whole labs.',
  verbs: { ls, add, del, exec, pids, identify, show, graph, topology },
  usual: 'ls',
  notes: [
    'ls, add, del, exec, pids and identify are those of ip netns. exec runs a command in the namespace, with the files of /etc/netns/NAME mounted over those in /etc.',
    'show prints links, addresses and routes, and the other end of each link, of one namespace or of all that can be found. graph draws the same for Graphviz or Mermaid.',
    'topology up creates the lab that a JSON file describes, down removes it, and plan prints what up would do. up removes what it has created earlier and the file no longer names. "-" is standard input. The file has "namespaces": { NAME: { "interfaces": { NAME: { "addresses": [...], ... } }, "routes": [...], "sysctls": {...} } } and "cables": [["a:eth0", "b:eth0"]].',
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
