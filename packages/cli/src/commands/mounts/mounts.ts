// `ns mounts`: prints the mount table of a namespace, in the manner of findmnt(8).
import { listMounts, type MountInfo, propagationOf } from '@ns/mount';
import { inOption, withNamespaceOption } from '../../arguments/open-namespace.js';
import { type Command, done, type Outcome } from '../../framework/command.js';
import type { CommandLine } from '../../framework/command-line.js';
import { print, printable, printJson } from '../../framework/output.js';
import { table } from '../../framework/table.js';

const columns = [
  { title: 'TARGET' },
  { title: 'SOURCE' },
  { title: 'FSTYPE' },
  { title: 'PROPAGATION' },
  { title: 'OPTIONS' },
];

function row(mount: MountInfo, target: string): string[] {
  const { source, root, type, options, superOptions } = mount;
  const shown = root === '/' ? source : `${source}[${root}]`;
  const all = [...new Set([...options, ...superOptions])].join(',');
  return [target, shown, type, propagationOf(mount).join(','), all].map(printable);
}

/** Returns mounts in the order of their tree, with the depth of each. */
function ordered(mounts: readonly MountInfo[]): [MountInfo, number][] {
  const known = new Set(mounts.map(({ id }) => id));
  const below = new Map<number, MountInfo[]>();
  const tops: MountInfo[] = [];
  for (const mount of mounts) {
    const { id, parent } = mount;
    if (parent === id || !known.has(parent)) tops.push(mount);
    else if (!below.get(parent)?.push(mount)) below.set(parent, [mount]);
  }
  // Without recursion: mounts can be stacked by the thousand.
  const rows: [MountInfo, number][] = [];
  const ahead = tops.reverse().map((mount): [MountInfo, number] => [mount, 0]);
  for (let row = ahead.pop(); row !== undefined; row = ahead.pop()) {
    rows.push(row);
    const [{ id }, depth] = row;
    for (const mount of below.get(id)?.reverse() ?? []) ahead.push([mount, depth + 1]);
  }
  return rows;
}

function show(commandLine: CommandLine): Outcome {
  commandLine.named();
  const mounts = withNamespaceOption(commandLine, 'mount', (namespace) =>
    listMounts(namespace === undefined ? {} : { in: namespace }),
  );
  if (commandLine.has('json')) {
    printJson({ mounts });
    return done;
  }
  const rows = commandLine.has('tree')
    ? ordered(mounts).map(([mount, depth]) => row(mount, '  '.repeat(depth) + mount.target))
    : mounts.map((mount) => row(mount, mount.target));
  table(columns, rows, { columns: process.stdout.columns }).forEach(print);
  return done;
}

export const mounts: Command = {
  name: 'mounts',
  summary: 'Show the mounts of a mount namespace.',
  usage: '[options]',
  options: [
    {
      title: 'Options',
      options: {
        in: inOption,
        tree: { help: 'show as a tree: mounts below the mount that they are on' },
      },
    },
  ],
  notes: ['Exit code: 0, or 1 for an error.'],
  examples: ['ns mounts --tree', 'ns mounts --in 4711', 'ns mounts --in /run/ns/mnt --json'],
  failureCode: 1,
  run: show,
};
