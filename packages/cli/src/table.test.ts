import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printable } from './output.js';
import { table } from './table.js';

const columns = [{ title: 'NS', right: true }, { title: 'TYPE' }, { title: 'COMMAND' }];

test('columns stand one below the other, numbers at the right', () => {
  const rows = [
    ['7', 'net', 'sh -c x'],
    ['4026531840', 'cgroup', ''],
  ];
  expect(table(columns, rows)).toEqual([
    '        NS TYPE   COMMAND',
    '         7 net    sh -c x',
    '4026531840 cgroup',
  ]);
  expect(table(columns, rows, { headings: false })).toHaveLength(2);
});

test('lines are cut at the width of a terminal', () => {
  expect(table(columns, [['1', 'net', 'a long command']], { columns: 12 })).toEqual([
    'NS TYPE COM…',
    ' 1 net  a l…',
  ]);
  // A terminal that nobody has told its size.
  expect(table(columns, [['1', 'net', 'whole']], { columns: 0 })[1]).toBe(' 1 net  whole');
});

test('control characters are shown, not sent', () => {
  expect(printable('a\u001b[31mb\u0000\u009b\n')).toBe('a\\x1b[31mb\\x00\\x9b\\x0a');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(printable(text)).not.toMatch(/\p{Cc}/u);
    }),
  );
});
