// --root of `ns sandbox`: the host's files, none, a directory, an archive or an image.
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RootSource, SandboxOptions } from '@ns/sandbox';
import { type Given, type OptionGroup, UsageError } from '../options.js';

export const rootOptions: OptionGroup = {
  title: 'What the root is',
  options: {
    root: {
      value: 'SOURCE',
      help: 'host (default), empty, a directory, a tar archive, or an OCI image layout',
    },
    reference: { value: 'NAME', help: 'which image of the layout' },
    'writable-root': { help: 'the root can be changed; changes of an archive are thrown away' },
    overlay: {
      value: 'WHERE',
      help: 'changes go elsewhere: discard, or a directory that keeps them',
    },
    changes: { help: 'print to standard error, in the end, what has been changed in the root' },
  },
};

function sourceOf(path: string, reference: string | undefined): RootSource {
  if (!existsSync(path)) throw new UsageError(`--root: there is no ${path}`);
  if (!statSync(path).isDirectory()) return { tar: path };
  if (!existsSync(join(path, 'oci-layout'))) return { directory: path };
  return { oci: path, ...(reference === undefined ? {} : { reference }) };
}

/** The root by the options, over that of the config file. */
export function rootOf(given: Given, configured: SandboxOptions['root']): SandboxOptions['root'] {
  const named = given.value('root');
  const reference = given.value('reference');
  const base =
    named === undefined
      ? configured
      : named === 'host' || named === 'empty'
        ? named
        : sourceOf(resolve(named), reference);
  const overlay = given.value('overlay');
  const changed = given.has('changes') || given.has('writable-root') || overlay !== undefined;
  if (base === undefined || typeof base === 'string') {
    if (!changed) return base;
    throw new UsageError('--writable-root, --overlay and --changes need --root with a path');
  }
  if (reference !== undefined && !('oci' in base)) {
    throw new UsageError('--reference is for an OCI image layout');
  }
  if (given.has('changes') && overlay === 'discard') {
    throw new UsageError('--changes: what is discarded cannot be listed');
  }
  return {
    ...base,
    ...(given.has('writable-root') ? { writable: true } : {}),
    ...(given.has('changes') ? { overlay: 'list' } : {}),
    ...(overlay === undefined
      ? {}
      : { overlay: overlay === 'discard' ? overlay : { keep: resolve(overlay) } }),
  };
}
