// `ns net show`: prints the contents of network namespaces, and where their links lead.
import { isPair, listNetworks, type MappedLink, type MappedNamespace } from '@ns/net';
import { done, type Verb } from '../../framework/command.js';
import { print, printable, printJson } from '../../framework/output.js';
import { truncate } from '../../framework/text-width.js';
import { openNetwork } from './open-network.js';

/** Columns of a command line in a label. */
const LONGEST = 40;

/** Returns the label of a namespace: its names, or else its inode and its first process. */
export function label({ names, inode, isInitial, processes, command }: MappedNamespace): string {
  if (names.length > 0) return printable(names.join(', '));
  if (isInitial) return 'the initial namespace';
  const [pid] = processes;
  return pid === undefined
    ? `net:[${inode}]`
    : `net:[${inode}] of ${pid} (${truncate(printable(command ?? ''), LONGEST)})`;
}

function leads(link: MappedLink, inode: number, byInode: ReadonlyMap<number, MappedNamespace>) {
  const { peer } = link;
  if (!peer) {
    const elsewhere = isPair(link) && link.link_netnsid !== undefined;
    return elsewhere ? ` -> out of sight (id ${link.link_netnsid})` : '';
  }
  const there = byInode.get(peer.namespace);
  const where = peer.namespace === inode || !there ? '' : ` in ${label(there)}`;
  return ` ${isPair(link) ? '->' : 'on'} ${printable(peer.ifname)}${where}`;
}

function linesOf(one: MappedNamespace, byInode: ReadonlyMap<number, MappedNamespace>): string[] {
  const { links, routes = [], inode, processes } = one;
  const count = processes.length === 1 ? '1 process' : `${processes.length} processes`;
  const head = `${label(one)}${one.names.length > 0 ? ` net:[${inode}]` : ''}, ${count}`;
  if (!links) return [head, '  no permission to look into it'];
  const names = new Map(links.map(({ ifindex, ifname }) => [ifindex, ifname]));
  return [
    head,
    ...links.flatMap((link) => {
      const kind = link.linkinfo?.info_kind ?? link.link_type;
      const master = link.master === undefined ? '' : `, port of ${names.get(link.master)}`;
      const up = link.flags.includes('UP') ? 'up' : 'down';
      const carrier = link.flags.includes('NO-CARRIER') ? ', no carrier' : '';
      return [
        `  ${printable(link.ifname)} (${kind}) ${up}${carrier}, mtu ${link.mtu}${master}${leads(link, inode, byInode)}`,
        ...link.addresses.map(({ local, prefixlen }) => `    ${local}/${prefixlen}`),
      ];
    }),
    ...routes
      .filter(({ type }) => type === 'unicast')
      .map(({ dst, gateway, via, dev }) => {
        const next = gateway ?? via;
        return `  route ${dst}${next === undefined ? '' : ` via ${next}`}${dev === undefined ? '' : ` dev ${printable(String(dev))}`}`;
      }),
  ];
}

export const show: Verb = {
  usage: '[options]',
  summary: 'Show links, addresses and routes, and the other end of each link.',
  options: [
    {
      title: 'Options',
      options: {
        in: { value: 'NAMESPACE', help: 'a name, a pid or a path (default: all namespaces)' },
      },
    },
  ],
  run(commandLine) {
    commandLine.named();
    const text = commandLine.value('in');
    // Opened before the map is made: a wrong name is an error.
    let inode: number | undefined;
    if (text !== undefined) {
      using namespace = openNetwork(text);
      inode = Number(namespace.id.ino);
    }
    const map = listNetworks();
    const byInode = new Map(map.map((one) => [one.inode, one]));
    const shown = map.filter((one) => inode === undefined || one.inode === inode);
    if (commandLine.has('json')) printJson({ namespaces: shown });
    else print(shown.map((one) => linesOf(one, byInode).join('\n')).join('\n\n'));
    return done;
  },
};
