// Tests that neither kernel of the CI can run: its machine's and Debian's. check.mjs fails for one
// that is not in this list, and for one in it that has run after all.

/** @type {readonly import('./matrix.mjs').Exception[]} */
export const exceptions = [
  {
    path: 'packages/core/src/discovery/by-id.test.ts',
    name: 'the kernel lists the namespaces of this process',
    reason: 'listns(2) came with Linux 6.19',
  },
];
