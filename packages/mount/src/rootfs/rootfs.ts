// A new mount namespace with a root of its own.
import type { NamespaceSpec } from '@ns/core';
import { addReadonly } from '../build.js';
import { addPropagation } from '../propagation.js';
import { childIsInUserNamespace } from '../run-in-namespace.js';
import { addBase, addChange } from './base.js';
import { addDev } from './dev.js';
import { addEntries } from './entries.js';
import { addMask, addProc, addReadonlyPath, addSys } from './kernel.js';
import type { RootfsOptions } from './options.js';
import type { NewEntry } from './parse-root-entry.js';
import { parseRootfs, type Root } from './parse-rootfs.js';

/**
 * Specifies a new mount namespace whose root is a directory of the caller, layers over one, or an empty
 * tmpfs. The root has /dev, /proc, /sys, /tmp and the entries of `mounts`; the old root is gone. Put it
 * into `namespaces` of spawn or run, instead of `mount()`.
 *
 * The source is not trusted: the kernel resolves every path in the root without leaving the root
 * (openat2(2) with RESOLVE_IN_ROOT and RESOLVE_NO_MAGICLINKS), and mounts go to descriptors. Links such as /var/run that lead elsewhere in the root work.
 *
 * Paths of the caller (sources of binds, layers, devices) mean the caller's file tree, whatever the
 * source of the root has at the same place: they are resolved with the caller's root.
 *
 * Missing mountpoints are made only in memory or in the upper layer of an overlay, never in the
 * caller's directories.
 *
 * Needs CAP_SYS_ADMIN and CAP_SYS_CHROOT, or a user namespace made beside it. Linux 5.12.
 *
 * @example
 * await run('/bin/sh', ['-c', 'ls /'], {
 *   namespaces: [user({ map: 'root' }), pid(), rootfs({ source: '/srv/alpine', overlay: true })],
 * });
 * @throws {TypeError | RangeError} if an option is wrong
 * @see pivot_root(2), mount_namespaces(7), openat2(2)
 */
export function rootfs(options: RootfsOptions = {}): NamespaceSpec {
  return specOf(parseRootfs(options, 'rootfs'));
}

/**
 * Specifies a root as {@link rootfs} does, with entries in normal form: those of parseRootEntry().
 *
 * @param entries in the place of the option `mounts`
 */
export function rootfsWith(
  options: Omit<RootfsOptions, 'mounts'>,
  entries: readonly NewEntry[],
): NamespaceSpec {
  const parsed = parseRootfs(options, 'rootfs');
  return specOf({ ...parsed, entries: [...parsed.entries, ...entries] });
}

function specOf(parsed: Root): NamespaceSpec {
  return {
    type: 'mount',
    prepare(child) {
      addPropagation(child.program('propagation'), '/', parsed.propagation, true);
      const program = child.program('root');
      const inUserNamespace = childIsInUserNamespace(child);
      const umask = program.call('umask', 0);
      const base = addBase(program, parsed, inUserNamespace);
      const { inside, root } = base;
      if (parsed.proc) addProc(inside, child, inUserNamespace, parsed.proc === 'readonly');
      if (parsed.sys) addSys(inside, child, inUserNamespace);
      if (parsed.dev) addDev(inside, inUserNamespace, child.creates.has('ipc'));
      addEntries(base, parsed.entries, inUserNamespace);
      for (const path of parsed.readonlyPaths) addReadonlyPath(inside, path);
      for (const path of parsed.mask) addMask(inside, path, inUserNamespace);
      if (parsed.readonly) {
        addReadonly(program, root, 0, { step: 'making the root read-only' }); // mounts in it stay writable
      }
      addChange(program, base);
      program.call('umask', umask);
      if (parsed.workdir !== undefined) {
        inside.enter(parsed.workdir, 'changing the working directory');
      }
    },
  };
}
