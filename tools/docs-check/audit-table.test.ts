import { expect, test } from 'vitest';
import { auditTable } from './audit-table.js';
import { read } from './documents.js';

test('the table of docs/security.md is that of the probes and promises', () => {
  const page = read('docs/security.md');
  const [table] = /^\| probe \|(?:.*\n)+?(?=\n)/m.exec(page) ?? [];
  expect(table?.trimEnd()).toBe(auditTable());
});
