// `ns mounts`: the mount table of a namespace, in the manner of findmnt(8).
import { listMounts, type MountInfo, propagationOf } from '@ns/mount';
import { type Command, done, type Outcome } from './command.js';
import type { Given } from './options.js';
import { print, printable, printJson } from './output.js';
import { withPlace } from './place.js';
import { table } from './table.js';

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

/** Mounts in the order of their tree, with the depth of each. */
function ordered(mounts: readonly MountInfo[]): [MountInfo, number][] {
  const known = new Set(mounts.map(({ id }) => id));
  const below = new Map<number, MountInfo[]>();
  const tops: MountInfo[] = [];
  for (const mount of mounts) {
    const { id, parent } = mount;
    if (parent === id || !known.has(parent)) tops.push(mount);
    else if (!below.get(parent)?.push(mount)) below.set(parent, [mount]);
  }
  // Not by recursion: mounts can be stacked by the thousand.
  const rows: [MountInfo, number][] = [];
  const ahead = tops.reverse().map((mount): [MountInfo, number] => [mount, 0]);
  for (let row = ahead.pop(); row !== undefined; row = ahead.pop()) {
    rows.push(row);
    const [{ id }, depth] = row;
    for (const mount of below.get(id)?.reverse() ?? []) ahead.push([mount, depth + 1]);
  }
  return rows;
}

function show(given: Given): Outcome {
  given.named();
  const mounts = withPlace(given, 'mount', (place) =>
    listMounts(place === undefined ? {} : { in: place }),
  );
  if (given.has('json')) {
    printJson({ mounts });
    return done;
  }
  const rows = given.has('tree')
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
        in: { value: 'PLACE', help: 'a pid in the namespace, or its file (default: the own one)' },
        tree: { help: 'in the order of what is mounted on what, indented' },
      },
    },
  ],
  notes: ['Exit code: 0, or 1 for an error.'],
  examples: ['ns mounts --tree', 'ns mounts --in 4711', 'ns mounts --in /run/ns/mnt --json'],
  failureCode: 1,
  run: show,
};
