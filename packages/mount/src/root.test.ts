import { AT, Program, runProgramSync, runSync } from '@ns/core';
import { expect, test } from 'vitest';
import { addAttach, addDetached } from './build.js';
import { attach } from './operations.js';
import { addPivot, pivotRoot } from './root.js';
import { mount } from './spec.js';
import { asRoot, scratchDirectory, scratchNamespace } from './testing.js';

const onRoot = { directory: AT.FDCWD, path: '/', flags: 0 };

function stack(program: Program) {
  const tree = addDetached(program, { type: 'tmpfs' }, true);
  addAttach(program, tree, onRoot, 'stacking');
  return tree;
}

test('nothing is left of the old root', () => {
  const program = new Program();
  addPivot(program, stack(program), 'pivoting');
  const missing = program.call('openat', AT.FDCWD, '/proc', 0, 0, { tolerate: ['ENOENT'] });
  const results = runProgramSync(program, { namespaces: [asRoot(), mount()] });
  expect(results.resultOf(missing)).toBe(-2);
});

test('what would be left of it is an error', () => {
  const program = new Program();
  stack(program); // one more than is told
  addPivot(program, stack(program), 'pivoting');
  expect(() => runProgramSync(program, { namespaces: [asRoot(), mount()] })).toThrow(
    'Something else is mounted over the root directory',
  );
});

test('another namespace gets another root, without the old one', async () => {
  const namespace = await scratchNamespace();
  const target = scratchDirectory();
  attach({ type: 'tmpfs', target, size: '1M' }, { in: namespace });
  pivotRoot(target, { in: namespace });
  const owner = namespace.owner();
  try {
    const ls = () => runSync('/bin/ls', ['/'], { namespaces: owner ? [owner, namespace] : [] });
    expect(ls).toThrow('ENOENT');
  } finally {
    owner?.close();
  }
});
