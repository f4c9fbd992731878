// What an ordinary user can make: user namespaces, and anything that one of these owns.
import { expect, test } from 'vitest';
import { Namespace } from '../namespaces/namespace.js';
import { allNamespaceTypes } from '../sys/namespace-types.js';
import { fdCount } from '../testing/index.js';

test('without privileges, the error says what helps', () => {
  for (const type of allNamespaceTypes) {
    if (type === 'user') continue;
    const before = fdCount();
    expect(() => Namespace.create(type)).toThrow(
      expect.objectContaining({ code: 'EPERM', hint: expect.stringContaining('CAP_SYS_ADMIN') }),
    );
    if (type !== 'pid') expect(fdCount()).toBe(before);
  }
});

test('whoever owns a user namespace makes all others in it', () => {
  using user = Namespace.create('user');
  for (const type of allNamespaceTypes) {
    if (type === 'user') continue;
    using made = Namespace.create(type, { user });
    using owner = made.owner();
    expect(made.type).toBe(type);
    expect(owner?.equals(user)).toBe(true);
    expect(made.ownerUid()).toBe(process.getuid?.());
  }
});
