// Lists the namespaces of the machine, their processes, and what keeps a namespace without processes alive.
import { createNamespace, type DiscoveredNamespace, discover } from '@ns/all';

// Only a descriptor of this process holds this namespace; lsns(8) does not see it.
using held = createNamespace('user');

const graph = discover({ types: ['user', 'net'] });

function reason({
  processes,
  threads,
  descriptors,
  sockets,
  paths,
  children,
}: DiscoveredNamespace) {
  if (processes.length > 0) return `${processes.length} processes`;
  if (threads.length > 0) return `threads ${threads.join(', ')}`;
  if (paths.length > 0) return `mounted on ${paths.map(({ path }) => path).join(', ')}`;
  const holders = [...descriptors, ...sockets].map(({ pid, fd }) => `${pid}:${fd}`);
  if (holders.length > 0) return `held by ${holders.join(', ')}`;
  return `parent of ${children.join(', ')}`;
}

function print(namespace: DiscoveredNamespace, indent = ''): void {
  console.log(`${indent}${namespace} ${reason(namespace)}`);
  for (const below of namespace.owned) {
    if (graph.namespaces.includes(below)) print(below, `${indent}  `);
  }
}

for (const root of graph.roots('owner')) print(root);
console.log(`this one: ${graph.get(held.id)}`);
if (graph.hidden.processes.length > 0) {
  console.log(`no permission to look into ${graph.hidden.processes.length} processes`);
}
