// A new mount namespace with a root of its own.
import type { NamespaceSpec } from '@ns/core';
import { addReadonly } from '../build.js';
import { childIsInUserNamespace } from '../perform.js';
import { addPropagation } from '../propagation.js';
import { addBase, addChange } from './base.js';
import { checkRootfs } from './check.js';
import { addDev } from './dev.js';
import { addEntries } from './entries.js';
import { addMask, addProc, addReadonlyPath, addSys } from './kernel.js';
import type { RootfsOptions } from './options.js';

/**
 * A new mount namespace whose root is a directory of the caller's, layers over one, or an empty tmpfs,
 * furnished with /dev, /proc, /sys, /tmp and whatever `mounts` says; nothing of the old root is
 * left. Put it into `namespaces` of spawn or run, instead of `mount()`.
 *
 * Nothing in the source is trusted: every path in the root is resolved by the kernel with the root as
 * the end of all ways (openat2(2) with RESOLVE_IN_ROOT and RESOLVE_NO_MAGICLINKS), and mounted on by
 * descriptor. Links such as /var/run that lead elsewhere in the root work.
 *
 * Paths of the caller (sources of binds, layers, devices) mean the caller's file tree, whatever the
 * source of the root has at the same place: they are resolved with the caller's root.
 *
 * Mountpoints that are missing are made only in what is the root's own, that is, in memory or in the
 * upper layer of an overlay; never in the directories of the caller's.
 *
 * Needs CAP_SYS_ADMIN and CAP_SYS_CHROOT, or a user namespace made beside it. Linux 5.12; `overlay` in a user namespace
 * 5.11.
 *
 * @example
 * await run('/bin/sh', ['-c', 'ls /'], {
 *   namespaces: [user({ map: 'root' }), pid(), rootfs({ source: '/srv/alpine', overlay: true })],
 * });
 * @throws {TypeError | RangeError} if an option is wrong
 * @see pivot_root(2), mount_namespaces(7), openat2(2)
 */
export function rootfs(options: RootfsOptions = {}): NamespaceSpec {
  const checked = checkRootfs(options);
  return {
    type: 'mount',
    prepare(child) {
      addPropagation(child.program('propagation'), '/', checked.propagation, true);
      const program = child.program('root');
      const inUserNamespace = childIsInUserNamespace(child);
      const umask = program.call('umask', 0);
      const base = addBase(program, checked, inUserNamespace);
      const { inside, root } = base;
      if (checked.proc) addProc(inside, child, inUserNamespace, checked.proc === 'readonly');
      if (checked.sys) addSys(inside, child, inUserNamespace);
      if (checked.dev) addDev(inside, inUserNamespace, child.creates.has('ipc'));
      addEntries(base, checked.entries, inUserNamespace);
      for (const path of checked.readonlyPaths) addReadonlyPath(inside, path);
      for (const path of checked.mask) addMask(inside, path, inUserNamespace);
      if (checked.readonly) {
        // Not what is mounted in it.
        addReadonly(program, root, 0, { step: 'making the root read-only' });
      }
      addChange(program, base);
      program.call('umask', umask);
      if (checked.workdir !== undefined) {
        inside.enter(checked.workdir, 'changing the working directory');
      }
    },
  };
}
