// `ns net graph`: prints all network namespaces and their connections, for Graphviz or Mermaid.
import { isPair, listNetworks, type MappedLink, type MappedNamespace } from '@ns/net';
import { done, type Verb } from '../../framework/command.js';
import { print, printJson } from '../../framework/output.js';
import { label } from './show.js';

interface Node {
  readonly id: string;
  readonly text: readonly string[];
}

interface Edge {
  readonly from: string;
  readonly to: string;
  /** A pair, an interface on another one, or a port of a bridge. */
  readonly kind: 'pair' | 'on' | 'port';
}

interface Group {
  readonly id: string;
  readonly title: string;
  readonly nodes: readonly Node[];
}

const idOf = (inode: number, ifindex: number) => `n${inode}_${ifindex}`;

function nodeOf(inode: number, link: MappedLink): Node {
  const addresses = link.addresses
    .filter(({ scope }) => scope === 'global')
    .map(({ local, prefixlen }) => `${local}/${prefixlen}`);
  const kind = link.linkinfo?.info_kind;
  const title = kind === undefined || isPair(link) ? link.ifname : `${link.ifname} (${kind})`;
  return { id: idOf(inode, link.ifindex), text: [title, ...addresses] };
}

function edgesOf({ inode, links = [] }: MappedNamespace): Edge[] {
  return links.flatMap((link) => {
    const from = idOf(inode, link.ifindex);
    const { peer, master } = link;
    const to = peer && idOf(peer.namespace, peer.ifindex);
    const pair = isPair(link);
    return [
      // Both ends of a pair name the other: one edge is enough.
      ...(to !== undefined && (!pair || from < to)
        ? [{ from, to, kind: pair ? ('pair' as const) : ('on' as const) }]
        : []),
      ...(master === undefined ? [] : [{ from, to: idOf(inode, master), kind: 'port' as const }]),
    ];
  });
}

function picture(
  map: readonly MappedNamespace[],
  all: boolean,
): { groups: Group[]; edges: Edge[] } {
  const joined = new Set(
    map.flatMap(({ inode, links = [] }) =>
      links.flatMap(({ peer }) =>
        peer === undefined || peer.namespace === inode ? [] : [inode, peer.namespace],
      ),
    ),
  );
  const shown = map.filter(({ inode, isCurrent, names }) => {
    return all || joined.has(inode) || isCurrent || names.length > 0;
  });
  const groups = shown.map((one) => ({
    id: `ns${one.inode}`,
    title: label(one),
    nodes: (one.links ?? [])
      .filter(({ flags }) => !flags.includes('LOOPBACK'))
      .map((link) => nodeOf(one.inode, link)),
  }));
  return { groups, edges: shown.flatMap(edgesOf) };
}

const quote = (lines: readonly string[]) =>
  `"${lines.map((line) => line.replace(/["\\]/g, '\\$&')).join('\\n')}"`;

function dot({ groups, edges }: ReturnType<typeof picture>): string[] {
  const styles = { pair: 'style=bold', on: 'style=dashed', port: 'style=solid' };
  return [
    'graph network {',
    '  node [shape=box];',
    ...groups.flatMap(({ id, title, nodes }) => [
      `  subgraph cluster_${id} {`,
      `    label=${quote([title])};`,
      // Graphviz leaves out a namespace without a node.
      ...(nodes.length === 0 ? [`    ${id} [style=invis];`] : []),
      ...nodes.map((node) => `    ${node.id} [label=${quote(node.text)}];`),
      '  }',
    ]),
    ...edges.map(({ from, to, kind }) => `  ${from} -- ${to} [${styles[kind]}];`),
    '}',
  ];
}

/** Returns a quoted text with entities, the only escapes of Mermaid within quotes. */
const entities = (lines: readonly string[]) =>
  `"${lines.map((line) => line.replace(/[&<>"#]/g, (c) => `#${c.charCodeAt(0)};`)).join('<br/>')}"`;

function mermaid({ groups, edges }: ReturnType<typeof picture>): string[] {
  const lines = { pair: '===', on: '-.-', port: '---' };
  return [
    'graph LR',
    ...groups.flatMap(({ id, title, nodes }) => [
      `  subgraph ${id}[${entities([title])}]`,
      ...nodes.map((node) => `    ${node.id}[${entities(node.text)}]`),
      '  end',
    ]),
    ...edges.map(({ from, to, kind }) => `  ${from} ${lines[kind]} ${to}`),
  ];
}

const formats = ['dot', 'mermaid'] as const;

export const graph: Verb = {
  usage: '[options]',
  summary: 'Draw all namespaces and their connections.',
  options: [
    {
      title: 'Options',
      options: {
        format: { value: 'FORMAT', choices: formats, help: 'dot (default) or mermaid' },
        all: { help: 'include namespaces without connections' },
      },
    },
  ],
  run(commandLine) {
    commandLine.named();
    const write = commandLine.word('format', formats) === 'mermaid' ? mermaid : dot;
    const shown = picture(listNetworks(), commandLine.has('all'));
    if (commandLine.has('json')) printJson(shown);
    else write(shown).forEach(print);
    return done;
  },
};
