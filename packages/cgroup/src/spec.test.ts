import { readlinkSync } from 'node:fs';
import { getuid } from 'node:process';
import { explainSpawn, type NamespaceSpec, run } from '@ns/core';
import { expect, test } from 'vitest';
import { cgroup } from './spec.js';

// What a user namespace needs is the business of another package; these tests work alone.
const owner: NamespaceSpec[] = getuid?.() === 0 ? [] : [{ type: 'user' }];

test('in a new cgroup namespace every cgroup of the process is the root', async () => {
  const { stdout } = await run('cat', ['/proc/self/cgroup'], {
    namespaces: [...owner, cgroup()],
  });
  const paths = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(':')[2]);
  expect(new Set(paths)).toEqual(new Set(['/']));
});

test("cgroup() gives the child a namespace other than the caller's", async () => {
  const { stdout } = await run('readlink', ['/proc/self/ns/cgroup'], {
    namespaces: [...owner, cgroup()],
  });
  expect(stdout.trim()).toMatch(/^cgroup:\[\d+\]$/);
  expect(stdout.trim()).not.toBe(readlinkSync('/proc/self/ns/cgroup'));
});

test('the plan names the call', () => {
  expect(explainSpawn('true', [], { namespaces: [cgroup()] })).toContain('clone3(CLONE_NEWCGROUP');
});

test('cgroup throws a TypeError for a non-object and for an unknown option', () => {
  expect(() => cgroup(null as never)).toThrow(new TypeError('cgroup must be an object, got null'));
  expect(() => cgroup({ gruop: true } as never)).toThrow(TypeError);
  expect(() => cgroup({ gruop: true } as never)).toThrow(
    'cgroup.gruop is not known (did you mean group?)',
  );
});
