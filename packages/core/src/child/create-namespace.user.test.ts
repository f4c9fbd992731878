// What an ordinary user can make: user namespaces, and anything that one of these owns.

import { expect, test } from 'vitest';
import { allNamespaceTypes } from '../sys/namespace-types.js';
import { fdCount } from '../testing/index.js';
import { createNamespace } from './create-namespace.js';

test('without privileges, the error says what helps', () => {
  for (const type of allNamespaceTypes) {
    if (type === 'user') continue;
    const before = fdCount();
    expect(() => createNamespace(type)).toThrow(
      expect.objectContaining({ code: 'EPERM', hint: expect.stringContaining('CAP_SYS_ADMIN') }),
    );
    if (type !== 'pid') expect(fdCount()).toBe(before);
  }
});

test('createNamespace makes namespaces of all other types in a user namespace that the caller owns', () => {
  using user = createNamespace('user');
  for (const type of allNamespaceTypes) {
    if (type === 'user') continue;
    using made = createNamespace(type, { user });
    using owner = made.owner();
    expect(made.type).toBe(type);
    expect(owner?.equals(user)).toBe(true);
    expect(made.ownerUid()).toBe(process.getuid?.());
  }
});
