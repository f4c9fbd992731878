// `ns cgroup show` and `tree`: one group in full, and groups below each other.
import { Cgroup, readHierarchy } from '@ns/cgroup';
import { isSystemError } from '@ns/core';
import { type Given, UsageError } from '../options.js';
import { print, printable, printJson } from '../output.js';
import { type Column, table } from '../table.js';

/** The group that a text means: a path from the root of the tree, its directory, or a pid in it. */
export function openGroup(text: string): Cgroup {
  if (/^[1-9]\d{0,6}$/.test(text)) return Cgroup.of(Number(text));
  const { mountPoint } = readHierarchy();
  if (mountPoint !== undefined && `${text}/`.startsWith(`${mountPoint}/`)) {
    return Cgroup.open(text.slice(mountPoint.length) || '/');
  }
  if (text.startsWith('/')) return Cgroup.open(text);
  throw new UsageError(`'${text}' is neither a process id nor the path of a cgroup`);
}

/** All that is told of a group. */
export function describe(group: Cgroup) {
  const { path, type, controllers, enabled } = group;
  return {
    ...{ path, type, controllers, enabled },
    ...(group.isRoot ? {} : { events: group.readEvents() }),
    processes: group.listProcesses(),
    groups: group.listChildren(),
    limits: group.readLimits(),
    usage: group.readUsage(),
  };
}

/** The numbers in a description, each with its name; long lists of counters are left to --json. */
function* flat(value: unknown, name: string): Generator<[string, string]> {
  if (/\.(stat|numa)$/.test(name) && name !== 'usage.stat') return;
  if (Array.isArray(value)) yield [name, value.join(' ')];
  else if (typeof value === 'object' && value !== null) {
    for (const [key, one] of Object.entries(value)) {
      yield* flat(one, name === '' ? key : `${name}.${key}`);
    }
  } else yield [name, value === Number.POSITIVE_INFINITY ? 'max' : String(value)];
}

/** `ns cgroup show`. */
export function show(group: Cgroup, given: Given): void {
  const description = describe(group);
  if (given.has('json')) printJson(description);
  else
    table([{ title: '' }, { title: '' }], [...flat(description, '')], { headings: false }).forEach(
      print,
    );
}

interface Branch {
  readonly path: string;
  readonly name: string;
  readonly processes: number;
  readonly memory?: number;
  readonly frozen: boolean;
  readonly groups: readonly Branch[];
}

/** Calls back for each group right below; one that is removed meanwhile is left out. */
export function eachChild<Result>(group: Cgroup, use: (child: Cgroup) => Result): Result[] {
  return group.listChildren().flatMap((name) => {
    try {
      using child = group.openChild(name);
      return [use(child)];
    } catch (error) {
      if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENODEV')) return [];
      throw error;
    }
  });
}

function branch(group: Cgroup): Branch {
  const memory = group.readUsage().memory?.current;
  return {
    path: group.path,
    name: group.path.slice(group.path.lastIndexOf('/') + 1) || '/',
    processes: group.listProcesses().length,
    ...(memory === undefined ? {} : { memory }),
    frozen: !group.isRoot && group.readEvents().frozen,
    groups: eachChild(group, branch),
  };
}

const columns: readonly Column[] = [
  { title: 'PROCESSES', right: true },
  { title: 'MEMORY', right: true },
  { title: 'S' },
  { title: 'GROUP' },
];

function* rows(one: Branch, depth = 0): Generator<string[]> {
  const memory = one.memory === undefined ? '' : sizeText(one.memory);
  const name = '  '.repeat(depth) + printable(one.name);
  yield [String(one.processes), memory, one.frozen ? 'F' : '', name];
  for (const inner of one.groups) yield* rows(inner, depth + 1);
}

/** Bytes for people. */
export function sizeText(bytes: number): string {
  const units = ['', 'K', 'M', 'G', 'T', 'P'];
  let at = 0;
  let value = bytes;
  for (; value >= 1024 && at < units.length - 1; at++) value /= 1024;
  return at === 0 ? String(value) : `${value.toFixed(1)}${units[at]}`;
}

/** `ns cgroup tree`. */
export function tree(group: Cgroup, given: Given): void {
  const root = branch(group);
  if (given.has('json')) printJson(root);
  else table(columns, [...rows(root)], { columns: process.stdout.columns }).forEach(print);
}
