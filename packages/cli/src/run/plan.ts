// What `ns run` is to do: its options, and the child that they stand for.
import type { Cgroup } from '@ns/cgroup';
import { allNamespaceTypes, type NamespaceType, type SpawnOptions } from '@ns/core';
import type { Preparation } from '@ns/core/authors';
import type { TimeOptions } from '@ns/time';
import type { UserOptions } from '@ns/user';
import type { UtsOptions } from '@ns/uts';
import { idOf } from '../ids.js';
import { limitOptions } from '../limit-options.js';
import { namedTypes, subjects, typeOptions } from '../namespace-options.js';
import { type Given, type OptionGroup, UsageError } from '../options.js';
import { signalOf } from '../signals.js';
import { wordsOf } from '../words.js';
import { prepareBinfmt } from './binfmt.js';
import { mapChoice, mapOptions, ownerOf } from './id-maps.js';
import {
  makesRoot,
  mountChoice,
  mountOptionGroup,
  mountOptionNames,
  mountsOwnProc,
} from './mount-options.js';
import { preparePins } from './persist.js';
import { initChoice, signalOptions } from './signal-options.js';
import { type SpecOptions, specsOf } from './specs.js';

/** Which types an option of unshare(1) makes new ones of by itself. */
const implied: Readonly<Record<string, NamespaceType>> = {
  ...Object.fromEntries(Object.keys(mapOptions.options).map((name) => [name, 'user'])),
  'mount-proc': 'mount',
  'mount-binfmt': 'mount',
  'load-interp': 'mount',
  propagation: 'mount',
  monotonic: 'time',
  boottime: 'time',
};

/** The same for options that unshare(1) does not have: beside all types they change nothing. */
const impliedByOurs: Readonly<Record<string, NamespaceType>> = {
  hostname: 'uts',
  domainname: 'uts',
  ...Object.fromEntries(mountOptionNames.map((name) => [name, 'mount'])),
};

function typesOf(given: Given): ReadonlySet<NamespaceType> {
  const from = (table: Readonly<Record<string, NamespaceType>>) =>
    Object.keys(table)
      .filter((name) => given.has(name))
      .map((name) => table[name] as NamespaceType);
  const named = [...namedTypes(given), ...from(implied)];
  return new Set(named.length === 0 ? allNamespaceTypes : [...named, ...from(impliedByOurs)]);
}

function seconds(given: Given, name: string): number | undefined {
  const value = given.value(name);
  if (value === undefined) return undefined;
  if (!/^-?\d{1,10}$/.test(value)) throw new UsageError(`--${name} must be seconds: '${value}'`);
  return Number(value);
}

/** An object without what is undefined in it. */
function defined<T extends object>(values: { [K in keyof T]: T[K] | undefined }): T {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as T;
}

function specOptions(given: Given, group?: Cgroup): SpecOptions {
  const types = typesOf(given);
  const setgroups = given.word('setgroups', ['allow', 'deny']);
  const [monotonic, boottime] = [seconds(given, 'monotonic'), seconds(given, 'boottime')];
  const parts: SpecOptions = {
    user: defined<UserOptions>({
      map: mapChoice(given),
      owner: ownerOf(given),
      setgroups,
      capabilities: given.has('keep-caps') ? { ambient: 'all' } : undefined,
      runAs: keepsCapabilities(given) ? idsOf(given) : undefined,
    }),
    mount: mountChoice(given, types),
    pid: {
      proc: mountsOwnProc(given, types) && !makesRoot(given), // a root has it already
      ...initChoice(given),
    },
    uts: defined<UtsOptions>({
      hostname: given.value('hostname'),
      domainname: given.value('domainname'),
    }),
    time: defined<TimeOptions>({ monotonic, boottime }),
    ...(group === undefined ? {} : { cgroup: { group } }),
  };
  const chosen = allNamespaceTypes.map((type) => [type, types.has(type) && (parts[type] ?? true)]);
  return Object.fromEntries(chosen) as SpecOptions;
}

/** Where the command begins: what is said last. */
function directoryOf(given: Given): string | undefined {
  const name = given.inOrder(['wd', 'chdir']).at(-1)?.[0];
  return name === undefined ? undefined : given.path(name);
}

/** Whether ids are taken in the way that keeps capabilities. */
function keepsCapabilities(given: Given): boolean {
  return given.has('keep-caps') && (given.has('setuid') || given.has('setgid'));
}

/** The ids to run with. */
function idsOf(given: Given): Pick<SpawnOptions, 'uid' | 'gid'> {
  const [uid, gid] = [given.value('setuid'), given.value('setgid')];
  return defined<Pick<SpawnOptions, 'uid' | 'gid'>>({
    uid: uid === undefined ? undefined : idOf('uid', uid, 'setuid'),
    gid: gid === undefined ? undefined : idOf('gid', gid, 'setgid'),
  });
}

function spawnOptions(given: Given): SpawnOptions {
  return {
    ...defined<SpawnOptions>({
      parentDeathSignal: given.has('kill-child')
        ? signalOf(given.value('kill-child') ?? 'KILL', 'kill-child')
        : undefined,
      cwd: directoryOf(given),
    }),
    ...(keepsCapabilities(given) ? {} : idsOf(given)),
  };
}

/** The variables that the command has; undefined for all of ours. */
function environmentOf(given: Given): NodeJS.ProcessEnv | undefined {
  if (!given.has('clear-env') && !given.has('whitelist-env')) return undefined;
  const names = given.values('whitelist-env').flatMap((list) => list.split(','));
  const there = names.filter((name) => Object.hasOwn(process.env, name));
  return Object.fromEntries(there.map((name) => [name, process.env[name]]));
}

/** What is to be run, and how: in a group, if there is one, the root of its cgroup namespace if that is new. */
export function planRun(given: Given, group?: Cgroup) {
  const namespaces = specsOf(specOptions(given, group));
  const { command, args, argv0 } = wordsOf(given.operands);
  const prepare = (child: Preparation) => {
    prepareBinfmt(given, child);
    preparePins(given, child);
  };
  const options: SpawnOptions = { ...spawnOptions(given), namespaces, prepare };
  const env = environmentOf(given);
  if (env !== undefined) options.env = env;
  if (argv0 !== undefined) options.argv0 = argv0;
  if (given.has('init')) options.init = true;
  if (!namespaces.some(({ type }) => type === 'cgroup') && group) options.cgroup = group.fd;
  return [command, args, options] as const;
}

/** The options. */
export const runOptions: readonly OptionGroup[] = [
  {
    title: 'Which namespaces are new (default: all eight)',
    options: typeOptions((type) => ({
      value: 'FILE',
      optional: true,
      help: `${subjects[type]}; kept by FILE`,
    })),
  },
  mapOptions,
  {
    title: 'What is set up inside',
    options: {
      hostname: { value: 'NAME', help: 'host name (makes a uts namespace)' },
      domainname: { value: 'NAME', help: 'NIS domain name (likewise)' },
      monotonic: { value: 'SECONDS', help: 'offset of CLOCK_MONOTONIC (makes a time namespace)' },
      boottime: { value: 'SECONDS', help: 'offset of CLOCK_BOOTTIME (likewise)' },
    },
  },
  mountOptionGroup,
  {
    title: 'How the command runs',
    options: {
      setuid: { short: 'S', value: 'UID', help: 'user id inside' },
      setgid: { short: 'G', value: 'GID', help: 'group id inside; other groups are dropped' },
      wd: { short: 'w', value: 'DIR', help: 'working directory, inside' },
      chdir: { value: 'DIR', help: 'the same' },
      'clear-env': { help: 'an empty environment' },
      'whitelist-env': { value: 'NAME,...', help: 'no variables but these' },
      fork: { short: 'f', help: 'for unshare(1): the command is always a child' },
      'kill-child': {
        value: 'SIGNAL',
        optional: true,
        help: 'send the command this signal if ns dies (default: SIGKILL)',
      },
      ...signalOptions,
      explain: { help: 'show the system calls, run nothing' },
    },
  },
  limitOptions,
];
