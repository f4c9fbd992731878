// `ns cgroup show`: prints all data of one group.
import type { Cgroup } from '@ns/cgroup';
import type { CommandLine } from '../../framework/command-line.js';
import { print, printJson } from '../../framework/output.js';
import { table } from '../../framework/table.js';
import { describeGroup } from './group.js';

/** Yields the values of a description with their names. Long lists of counters are left to --json. */
function* flatten(value: unknown, name: string): Generator<[string, string]> {
  if (/\.(stat|numa)$/.test(name) && name !== 'usage.stat') return;
  if (Array.isArray(value)) yield [name, value.join(' ')];
  else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      yield* flatten(member, name === '' ? key : `${name}.${key}`);
    }
  } else yield [name, value === Number.POSITIVE_INFINITY ? 'max' : String(value)];
}

/** Prints all data of a group. */
export function show(group: Cgroup, commandLine: CommandLine): void {
  const description = describeGroup(group);
  if (commandLine.has('json')) {
    printJson(description);
    return;
  }
  const rows = [...flatten(description, '')];
  table([{ title: '' }, { title: '' }], rows, { headings: false }).forEach(print);
}
