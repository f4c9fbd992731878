import { expect, test } from 'vitest';
import { attach, DetachedMount, umount } from './index.js';
import { scratchDirectory } from './testing.js';

test('without privileges, the error says what they are and what else can be done', () => {
  const target = scratchDirectory();
  const hint = /EPERM .*\n.*CAP_SYS_ADMIN.* a child that has a user namespace of its own/;
  expect(() => attach({ type: 'tmpfs', target })).toThrow(hint);
  expect(() => umount('/')).toThrow(hint);
  expect(() => DetachedMount.create({ type: 'tmpfs' })).toThrow(hint);
});
