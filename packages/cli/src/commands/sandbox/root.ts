// --root of `ns sandbox`: the host's files, none, a directory, an archive or an image.
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RootSource, SandboxOptions } from '@ns/sandbox';
import type { CommandLine } from '../../framework/command-line.js';
import type { OptionGroup } from '../../framework/option-table.js';
import { UsageError } from '../../framework/usage-error.js';

export const rootOptions: OptionGroup = {
  title: 'What the root is',
  options: {
    root: {
      value: 'SOURCE',
      help: 'host (default), empty, a directory, a tar archive, or an OCI image layout',
    },
    reference: { value: 'NAME', help: 'image of the layout' },
    'writable-root': { help: 'make the root writable; changes of an archive are discarded' },
    overlay: {
      value: 'WHERE',
      help: 'where changes go: discard, or a directory that keeps them',
    },
    changes: { help: 'print the changes of the root to standard error at the end' },
  },
};

function sourceOf(path: string, reference: string | undefined): RootSource {
  if (!existsSync(path)) throw new UsageError(`--root: ${path} does not exist`);
  if (!statSync(path).isDirectory()) return { tar: path };
  if (!existsSync(join(path, 'oci-layout'))) return { directory: path };
  return { oci: path, ...(reference === undefined ? {} : { reference }) };
}

/** Returns the root of the options, over that of the config file. */
export function rootOf(
  commandLine: CommandLine,
  configured: SandboxOptions['root'],
): SandboxOptions['root'] {
  const named = commandLine.value('root');
  const reference = commandLine.value('reference');
  const base =
    named === undefined
      ? configured
      : named === 'host' || named === 'empty'
        ? named
        : sourceOf(resolve(named), reference);
  const overlay = commandLine.value('overlay');
  const changed =
    commandLine.has('changes') || commandLine.has('writable-root') || overlay !== undefined;
  if (base === undefined || typeof base === 'string') {
    if (!changed) return base;
    throw new UsageError('--writable-root, --overlay and --changes need --root with a path');
  }
  if (reference !== undefined && !('oci' in base)) {
    throw new UsageError('--reference needs an OCI image layout as --root');
  }
  if (commandLine.has('changes') && overlay === 'discard') {
    throw new UsageError('--changes and --overlay discard exclude each other');
  }
  return {
    ...base,
    ...(commandLine.has('writable-root') ? { writable: true } : {}),
    ...(commandLine.has('changes') ? { overlay: 'list' } : {}),
    ...(overlay === undefined
      ? {}
      : { overlay: overlay === 'discard' ? overlay : { keep: resolve(overlay) } }),
  };
}
