// The options of `ns run` that say what is mounted: in a copy of the caller's mounts, or in a new root.
import { readFileSync } from 'node:fs';
import type { NamespaceType } from '@ns/core';
import type { Mount, MountOptions, RootEntry, RootfsOptions, RootOverlay } from '@ns/mount';
import { namedTypes } from '../namespace-options.js';
import { type Given, type OptionGroup, UsageError } from '../options.js';
import { binfmtOptions } from './binfmt.js';

/** A copy of the caller's mounts with some more, or a root of its own. */
export type MountChoice = MountOptions | { readonly root: RootfsOptions };

const propagations = ['private', 'slave', 'shared', 'unchanged'] as const;
const entryOptions = ['bind', 'ro-bind', 'tmpfs', 'symlink', 'file'] as const;
// What a copy of the caller's mounts cannot have: it would be written to the caller's directories.
const rootOptions = ['root', 'overlay', 'readonly-root', 'dev', 'symlink', 'file'] as const;

/** Names of the options that make a mount namespace. */
export const mountOptionNames: readonly string[] = [...new Set([...entryOptions, ...rootOptions])];

/** Parts of a text between colons; `\:` is a colon, `\\` a backslash. */
export function partsOf(text: string): string[] {
  const parts: string[] = [''];
  for (const [token] of text.matchAll(/\\[\\:]|[\s\S]/g)) {
    if (token === ':') parts.push('');
    else parts.push(`${parts.pop()}${token.length === 2 ? token[1] : token}`);
  }
  return parts;
}

/** One or two parts of an option's value. */
function pairOf(name: string, value: string, form: string): [string, string | undefined] {
  const [first = '', second, ...more] = partsOf(value);
  if (first === '' || second === '' || more.length > 0) {
    throw new UsageError(`--${name} must be ${form}, with \\: for a colon in a name: '${value}'`);
  }
  return [first, second];
}

/** Two parts of an option's value. */
function bothOf(name: string, value: string, form: string): [string, string] {
  const [first, second] = pairOf(name, value, form);
  if (second === undefined) throw new UsageError(`--${name} must be ${form}: '${value}'`);
  return [first, second];
}

function entryOf(name: (typeof entryOptions)[number], value: string): RootEntry {
  switch (name) {
    case 'bind':
    case 'ro-bind': {
      const [source, target = source] = pairOf(name, value, 'SOURCE[:TARGET]');
      return { type: 'bind', source, target, ...(name === 'ro-bind' ? { readonly: true } : {}) };
    }
    case 'tmpfs': {
      const [target, size] = pairOf(name, value, 'TARGET[:SIZE]');
      const limit = size === undefined ? {} : { size };
      return { type: 'tmpfs', target, nosuid: true, nodev: true, ...limit };
    }
    case 'symlink': {
      const [to, target] = bothOf(name, value, 'TO:TARGET');
      return { type: 'symlink', to, target };
    }
    case 'file': {
      const [source, target] = bothOf(name, value, 'SOURCE:TARGET');
      return { type: 'file', target, content: readFileSync(source) };
    }
  }
}

function overlayOf(given: Given): boolean | RootOverlay {
  const value = given.value('overlay');
  if (value === undefined) return given.has('overlay');
  const [upper, work] = bothOf('overlay', value, 'UPPER:WORK');
  return { upper, work };
}

/** A new /proc at the path that --mount-proc names. */
function procAt(target: string): Mount {
  return { type: 'proc', target, nosuid: true, nodev: true, noexec: true };
}

/** Whether /proc is to be that of a new pid namespace: asked for, or because nothing was named. */
export function mountsOwnProc(given: Given, types: ReadonlySet<NamespaceType>): boolean {
  if (!types.has('pid')) return false;
  if (given.has('mount-proc')) return (given.value('mount-proc') ?? '/proc') === '/proc';
  return namedTypes(given).length === 0;
}

/** Whether there is a new root, not a copy of the caller's mounts. */
export function makesRoot(given: Given): boolean {
  return rootOptions.some((name) => given.has(name));
}

function rootOf(given: Given, entries: readonly RootEntry[], proc: boolean): RootfsOptions {
  const propagation = given.word('propagation', ['private', 'slave']);
  const source = given.path('root') ?? '/';
  return {
    ...(source === 'empty' ? {} : { source }),
    ...(propagation === undefined ? {} : { propagation }),
    overlay: overlayOf(given),
    readonly: given.has('readonly-root'),
    dev: given.has('dev'),
    proc,
    sys: false,
    tmp: false,
    mounts: entries,
  };
}

/** What is mounted, as the options say. */
export function mountChoice(given: Given, types: ReadonlySet<NamespaceType>): MountChoice {
  const target = given.path('mount-proc') ?? '/proc';
  const entries = given.inOrder(entryOptions).map(([name, value]) => entryOf(name, value));
  const own = mountsOwnProc(given, types);
  if (makesRoot(given)) {
    const elsewhere = given.has('mount-proc') && target !== '/proc';
    if (elsewhere) entries.unshift(procAt(target));
    return { root: rootOf(given, entries, own || (given.has('mount-proc') && !elsewhere)) };
  }
  if (given.has('mount-proc') && !own) entries.unshift(procAt(target));
  const propagation = given.word('propagation', propagations);
  return {
    ...(propagation === undefined ? {} : { propagation }),
    mounts: entries as Mount[], // the others make a root
  };
}

/** The options, for the help. */
export const mountOptionGroup: OptionGroup = {
  title: 'What is mounted (makes a mount namespace)',
  options: {
    'mount-proc': {
      value: 'DIR',
      optional: true,
      help: 'mount a new /proc, or proc at DIR',
    },
    ...binfmtOptions,
    propagation: {
      value: 'HOW',
      choices: propagations,
      help: 'of mounts: private (default), slave, shared, unchanged',
    },
    root: {
      short: 'R',
      value: 'DIR',
      help: 'root directory, and nothing of the old one; or the word empty',
    },
    overlay: {
      value: 'UPPER:WORK',
      optional: true,
      help: 'keep the root as it is: changes go to memory, or to UPPER',
    },
    'readonly-root': { help: 'no changes of the root; what is mounted in it is not meant' },
    dev: { help: 'a minimal /dev in the root' },
    bind: { value: 'SOURCE[:TARGET]', help: 'show a file or directory, with all mounts below it' },
    'ro-bind': { value: 'SOURCE[:TARGET]', help: 'the same, read-only' },
    tmpfs: { value: 'TARGET[:SIZE]', help: 'an empty file system in memory' },
    symlink: { value: 'TO:TARGET', help: 'a symbolic link in the root' },
    file: { value: 'SOURCE:TARGET', help: 'a copy of a file in the root' },
  },
};
