// Mounts of the command of `ns run`: in a copy of the caller's mounts, or in a new root.
import { readFileSync } from 'node:fs';
import type { NamespaceType } from '@ns/core';
import type { Mount, MountOptions, RootEntry, RootfsOptions, RootOverlay } from '@ns/mount';
import { namedTypes } from '../../arguments/namespace-types.js';
import type { CommandLine } from '../../framework/command-line.js';
import { UsageError } from '../../framework/usage-error.js';
import { entryOptions, propagations, rootOptions } from './mount-options.js';

/** Options of a copy of the caller's mounts, or of a new root. */
export type MountsOrRoot = MountOptions | { readonly root: RootfsOptions };

/** Splits a text at its colons. `\:` means a colon, `\\` a backslash. */
export function partsOf(text: string): string[] {
  const parts: string[] = [''];
  for (const [token] of text.matchAll(/\\[\\:]|[\s\S]/g)) {
    if (token === ':') parts.push('');
    else parts.push(`${parts.pop()}${token.length === 2 ? token[1] : token}`);
  }
  return parts;
}

/** Returns the one or two parts of a value. */
function pairOf(name: string, value: string, form: string): [string, string | undefined] {
  const [first = '', second, ...more] = partsOf(value);
  if (first === '' || second === '' || more.length > 0) {
    throw new UsageError(
      `--${name} must be ${form}, with \\: for a colon in a name, got '${value}'`,
    );
  }
  return [first, second];
}

/** Returns the two parts of a value. */
function bothOf(name: string, value: string, form: string): [string, string] {
  const [first, second] = pairOf(name, value, form);
  if (second === undefined) throw new UsageError(`--${name} must be ${form}, got '${value}'`);
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

function overlayOf(commandLine: CommandLine): boolean | RootOverlay {
  const value = commandLine.value('overlay');
  if (value === undefined) return commandLine.has('overlay');
  const [upper, work] = bothOf('overlay', value, 'UPPER:WORK');
  return { upper, work };
}

/** Returns the mount of a new /proc at the path that --mount-proc names. */
function procAt(target: string): Mount {
  return { type: 'proc', target, nosuid: true, nodev: true, noexec: true };
}

/** True if /proc is that of a new pid namespace: with --mount-proc, or if all namespaces are new. */
export function mountsOwnProc(
  commandLine: CommandLine,
  types: ReadonlySet<NamespaceType>,
): boolean {
  if (!types.has('pid')) return false;
  if (commandLine.has('mount-proc'))
    return (commandLine.value('mount-proc') ?? '/proc') === '/proc';
  return namedTypes(commandLine).length === 0;
}

/** True if an option needs a new root. */
export function createsRoot(commandLine: CommandLine): boolean {
  return rootOptions.some((name) => commandLine.has(name));
}

function rootOf(
  commandLine: CommandLine,
  entries: readonly RootEntry[],
  proc: boolean,
): RootfsOptions {
  const propagation = commandLine.word('propagation', ['private', 'slave']);
  const source = commandLine.path('root') ?? '/';
  return {
    ...(source === 'empty' ? {} : { source }),
    ...(propagation === undefined ? {} : { propagation }),
    overlay: overlayOf(commandLine),
    readonly: commandLine.has('readonly-root'),
    dev: commandLine.has('dev'),
    proc,
    sys: false,
    tmp: false,
    mounts: entries,
  };
}

/** Returns what the options mount. */
export function mountsOf(
  commandLine: CommandLine,
  types: ReadonlySet<NamespaceType>,
): MountsOrRoot {
  const target = commandLine.path('mount-proc') ?? '/proc';
  const entries = commandLine.inOrder(entryOptions).map(([name, value]) => entryOf(name, value));
  const own = mountsOwnProc(commandLine, types);
  if (createsRoot(commandLine)) {
    const elsewhere = commandLine.has('mount-proc') && target !== '/proc';
    if (elsewhere) entries.unshift(procAt(target));
    return {
      root: rootOf(commandLine, entries, own || (commandLine.has('mount-proc') && !elsewhere)),
    };
  }
  if (commandLine.has('mount-proc') && !own) entries.unshift(procAt(target));
  const propagation = commandLine.word('propagation', propagations);
  return {
    ...(propagation === undefined ? {} : { propagation }),
    mounts: entries as Mount[], // entries of other types need a root
  };
}
