// For tests: what lets an ordinary user make namespaces, root of a user namespace of its own. The
// package of user namespaces has more to say about that; these tests work alone.
import { constants } from 'node:fs';
import { getgid, getuid } from 'node:process';
import type { NamespaceSpec } from '@ns/core';
import { AT } from '@ns/core/authors';

const asRoot: NamespaceSpec = {
  type: 'user',
  prepare(child) {
    const program = child.program('user');
    const files = { setgroups: 'deny', uid_map: `0 ${getuid?.()} 1`, gid_map: `0 ${getgid?.()} 1` };
    for (const [name, text] of Object.entries(files)) {
      const fd = program.call('openat', AT.FDCWD, `/proc/self/${name}`, constants.O_WRONLY, 0);
      program.call('write', fd, text, text.length);
      program.call('close', fd);
    }
  },
};

/** To be put before the namespaces of a test. */
export const owner: readonly NamespaceSpec[] = getuid?.() === 0 ? [] : [asRoot];
