import { mkdtempSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRoot } from '@ns/core/testing';
import { expect, onTestFinished, test } from 'vitest';
import { ns } from '../../testing/ns.js';

interface Told {
  type: string;
  inode: number;
  own: boolean;
}

test('ns inspect prints the namespaces of a process with their inodes', () => {
  const { stdout } = ns('inspect', '--json', String(process.pid));
  const { namespaces } = JSON.parse(stdout) as { namespaces: Told[] };
  expect(namespaces).toHaveLength(8);
  for (const { type, inode, own } of namespaces) {
    const file = type === 'mount' ? 'mnt' : type;
    expect(readlinkSync(`/proc/self/ns/${file}`)).toContain(`[${inode}]`);
    expect(own).toBe(true);
  }
});

test('ns inspect prints the namespace of a file as a table', () => {
  const { stdout } = ns('inspect', '/proc/self/ns/uts');
  expect(stdout).toMatch(/^TYPE\s+INODE/);
  expect(stdout).toMatch(/^uts\s+\d+.*own$/m);
});

test('ns inspect refuses what is not a namespace in one line', () => {
  expect(ns('inspect')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^ns inspect: /),
  });
  expect(ns('inspect', 'no-such-name').stderr).toContain("got 'no-such-name'");
  expect(ns('inspect', '/etc/passwd').status).toBe(1);
});

test('ns pin keeps a namespace by a file, and unpin removes it', ({ skip }) => {
  if (!isRoot) skip('pinning takes root');
  const directory = mkdtempSync(join(tmpdir(), 'ns-pin-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'uts');
  const pinned = ns('pin', '--json', 'uts', 'new', path);
  expect(pinned.stderr).toBe('');
  const told = { type: 'uts', inode: statSync(path).ino, path };
  expect(JSON.parse(pinned.stdout)).toEqual(told);
  expect(ns('inspect', path).stdout).toMatch(/^uts\s/m);
  // A wrong one undoes nothing.
  expect(ns('unpin', path, '/etc/passwd').status).toBe(1);
  const { status, stdout, stderr } = ns('unpin', path, '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual({ namespaces: [told] });
  expect(ns('pin', 'uts', 'new').stderr).toContain('the path is missing');
});

test('ns explain prints the calls of ns run', () => {
  const { stdout, status } = ns('explain', '--net', '--map-root-user', '--', 'true');
  expect(status).toBe(0);
  expect(stdout).toContain('CLONE_NEWNET');
  expect(stdout).toContain('execve(');
});
