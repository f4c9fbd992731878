// The namespaces that `ns run` creates, from its options.
import type { Cgroup } from '@ns/cgroup';
import { allNamespaceTypes, type NamespaceSpec, type NamespaceType } from '@ns/core';
import type { UserOptions } from '@ns/user';
import { parseNanoseconds } from '../../arguments/durations.js';
import { namedTypes } from '../../arguments/namespace-types.js';
import type { CommandLine } from '../../framework/command-line.js';
import { idsOf, keepsCapabilities } from './credentials.js';
import { mapOptions, mapsOf, ownerOf } from './id-maps.js';
import { mountOptionNames } from './mount-options.js';
import { createsRoot, mountsOf, mountsOwnProc } from './mounts.js';
import { initOptions } from './signal-options.js';
import { type SpecOptions, specsOf } from './specs.js';

/** Types of namespaces that an option of unshare(1) creates by itself. */
const implied: Readonly<Record<string, NamespaceType>> = {
  ...Object.fromEntries(Object.keys(mapOptions.options).map((name) => [name, 'user'])),
  'mount-proc': 'mount',
  'mount-binfmt': 'mount',
  'load-interp': 'mount',
  propagation: 'mount',
  monotonic: 'time',
  boottime: 'time',
};

/** The same for options that unshare(1) lacks. They do not replace the default of all types. */
const impliedBesides: Readonly<Record<string, NamespaceType>> = {
  hostname: 'uts',
  domainname: 'uts',
  ...Object.fromEntries(mountOptionNames.map((name) => [name, 'mount'])),
};

function typesOf(commandLine: CommandLine): ReadonlySet<NamespaceType> {
  const from = (table: Readonly<Record<string, NamespaceType>>) =>
    Object.keys(table)
      .filter((name) => commandLine.has(name))
      .map((name) => table[name] as NamespaceType);
  const named = [...namedTypes(commandLine), ...from(implied)];
  return new Set(named.length === 0 ? allNamespaceTypes : [...named, ...from(impliedBesides)]);
}

function userOptions(commandLine: CommandLine): UserOptions {
  const map = mapsOf(commandLine);
  const owner = ownerOf(commandLine);
  const setgroups = commandLine.word('setgroups', ['allow', 'deny']);
  return {
    ...(map === undefined ? {} : { map }),
    ...(owner === undefined ? {} : { owner }),
    ...(setgroups === undefined ? {} : { setgroups }),
    ...(commandLine.has('keep-caps') ? { capabilities: { ambient: 'all' } } : {}),
    ...(keepsCapabilities(commandLine) ? { runAs: idsOf(commandLine) } : {}),
  };
}

/** Returns the options that have a value, as an object. */
function valuesOf<Name extends string, Value>(
  commandLine: CommandLine,
  names: readonly Name[],
  parse: (text: string, name: string) => Value,
): { [Key in Name]?: Value } {
  const values: { [Key in Name]?: Value } = {};
  for (const name of names) {
    const text = commandLine.value(name);
    if (text !== undefined) values[name] = parse(text, name);
  }
  return values;
}

/**
 * Returns the specs of the new namespaces.
 *
 * @param group the root of a new cgroup namespace
 */
export function newNamespaces(commandLine: CommandLine, group?: Cgroup): NamespaceSpec[] {
  const types = typesOf(commandLine);
  const options: SpecOptions = {
    user: userOptions(commandLine),
    mount: mountsOf(commandLine, types),
    pid: {
      proc: mountsOwnProc(commandLine, types) && !createsRoot(commandLine), // a root has it already
      ...initOptions(commandLine),
    },
    uts: valuesOf(commandLine, ['hostname', 'domainname'], (text) => text),
    time: valuesOf(commandLine, ['monotonic', 'boottime'], parseNanoseconds),
    ...(group === undefined ? {} : { cgroup: { group } }),
  };
  const chosen = allNamespaceTypes.map((type) => {
    return [type, types.has(type) && (options[type] ?? true)];
  });
  return specsOf(Object.fromEntries(chosen) as SpecOptions);
}
