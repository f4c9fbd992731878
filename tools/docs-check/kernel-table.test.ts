import { expect, test } from 'vitest';
import { read } from './documents.js';
import { kernelTable } from './kernel-table.js';

test('the table of kernels is that of features()', () => {
  const page = read('docs/kernel-support.md');
  const [table] = /^\| feature \|(?:.*\n)+?(?=\n)/m.exec(page) ?? [];
  expect(table?.trimEnd()).toBe(kernelTable());
});
