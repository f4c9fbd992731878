import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { print, printable, printJson } from './output.js';
import { table } from './table.js';

const columns = [{ title: 'NS', right: true }, { title: 'TYPE' }, { title: 'COMMAND' }];

test('table aligns columns, numbers at the right', () => {
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

test('table truncates lines at the width of a terminal', () => {
  expect(table(columns, [['1', 'net', 'a long command']], { columns: 12 })).toEqual([
    'NS TYPE COM…',
    ' 1 net  a l…',
  ]);
  // 0 is the width of a terminal that does not know its own.
  expect(table(columns, [['1', 'net', 'whole']], { columns: 0 })[1]).toBe(' 1 net  whole');
});

test('printable escapes control and invisible characters, and bytes that are not UTF-8', () => {
  expect(printable('a\u001b[31mb\u0000\u009b\n')).toBe('a\\x1b[31mb\\x00\\x9b\\x0a');
  expect(printable('fdp.\u202egpj\u2066\u200b\u2028\ud800')).toBe(
    'fdp.\\u202egpj\\u2066\\u200b\\u2028\\ud800',
  );
  expect(printable('grüße 文 🐧')).toBe('grüße 文 🐧');
  expect(printable(Buffer.from('caf\xe9\x1b', 'latin1'))).toBe('caf\\xe9\\x1b');
});

const unsafe = /[\p{C}\p{Zl}\p{Zp}]/u;
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
);

test('printable, table, print and printJson escape control characters in names of any bytes', () => {
  const write = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  onTestFinished(() => write.mockRestore());
  const written = () => String(write.mock.lastCall?.[0]);
  fc.assert(
    fc.property(anyText, (text) => {
      expect(printable(text)).not.toMatch(unsafe);
      const shown = String(text);
      for (const line of table(columns, [[shown, shown, shown]])) expect(line).not.toMatch(unsafe);
      printJson({ [shown]: shown }, { line: true });
      expect(written().slice(0, -1)).not.toMatch(unsafe);
      expect(JSON.parse(written())).toEqual({ [shown]: shown });
      // print() also escapes what was not escaped before, except colours and ends of lines.
      print(shown);
      expect(stripVTControlCharacters(written()).replaceAll('\n', '')).not.toMatch(unsafe);
    }),
  );
});
