// For tests: a user namespace in which the caller is root, for any uid of the caller.
import { constants } from 'node:fs';
import type { NamespaceSpec } from '@ns/core';
import { AT } from '@ns/core/authors';

/** As `user()` of its own package. */
export const rootless: NamespaceSpec = {
  type: 'user',
  prepare(child) {
    const program = child.program('user');
    const files = {
      setgroups: 'deny',
      uid_map: `0 ${process.geteuid?.()} 1`,
      gid_map: `0 ${process.getegid?.()} 1`,
    };
    for (const [name, text] of Object.entries(files)) {
      const fd = program.call('openat', AT.FDCWD, `/proc/self/${name}`, constants.O_WRONLY, 0);
      program.call('write', fd, text, text.length);
      program.call('close', fd);
    }
  },
};
