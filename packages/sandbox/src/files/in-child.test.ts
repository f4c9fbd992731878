// Which sandboxes have a child make the calls on their files (SECURITY.md S6).
import { beforeEach, expect, test, vi } from 'vitest';
import type { SandboxOptions } from '../options/types.js';
import { box } from '../sandbox.testing.js';
import { listInChild } from './in-child.js';
import { hasLocalMountsOnly } from './local-mounts.js';

vi.mock('./in-child.js', async (original) => {
  const module = await original<typeof import('./in-child.js')>();
  return { ...module, listInChild: vi.fn(module.listInChild) };
});
vi.mock('./local-mounts.js', async (original) => {
  const module = await original<typeof import('./local-mounts.js')>();
  return { hasLocalMountsOnly: vi.fn(module.hasLocalMountsOnly) };
});

beforeEach(() => vi.clearAllMocks());

test.each<SandboxOptions>([
  { capabilities: ['cap_sys_admin'] },
  { capabilities: 'all' },
  { newPrivileges: true },
])('files.list makes its calls in a child where commands might mount: %j', async (options) => {
  const made = await box(options);
  await made.files.list('/');
  expect(listInChild).toHaveBeenCalled();
});

test('files.list makes its calls in a child where a file system is not local', async () => {
  vi.mocked(hasLocalMountsOnly).mockReturnValueOnce(false);
  const made = await box();
  await made.files.list('/');
  expect(hasLocalMountsOnly).toHaveBeenCalledWith(made.pid);
  expect(listInChild).toHaveBeenCalled();
});

test('files.list makes its calls by itself where all file systems are local', async ({ skip }) => {
  const made = await box({ root: 'empty' });
  skip(!hasLocalMountsOnly(made.pid), 'a file system of this machine is not local');
  await made.files.list('/');
  expect(listInChild).not.toHaveBeenCalled();
});
