import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printable } from './output.js';
import { table } from './table.js';
import { characterWidth, textWidth, truncate } from './text-width.js';

interface Oracle {
  readonly widths: readonly number[];
  readonly marks: readonly number[];
}

function readOracle(): Oracle {
  const script = fileURLToPath(new URL('fixtures/wcwidth.py', import.meta.url));
  const { stdout, stderr } = spawnSync('/usr/bin/python3', [script], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (stderr !== '') throw new Error(stderr);
  return JSON.parse(stdout);
}

const { widths, marks } = readOracle();

/** Symbols that Unicode 16 has declared wide: C libraries differ. */
const WIDE_SINCE_16 = /^[\u2630-\u2637\u268a-\u268f\u{1d300}-\u{1d356}\u{1d360}-\u{1d376}]$/u;

/** Characters that printable() leaves as they are, and that both sides class alike. */
const comparable = widths.flatMap((width, code) => {
  const character = String.fromCodePoint(code);
  const isShown = width >= 0 && printable(character) === character;
  return isShown && !WIDE_SINCE_16.test(character) ? [{ code, character, width }] : [];
});

test('characterWidth counts all characters as wcwidth(3) does', () => {
  const markCodes = new Set(marks);
  const wrong = comparable.filter(({ code, character, width }) => {
    // A mark in one version of Unicode and a letter in another cannot be compared.
    const isSameClass = /[\p{Mn}\p{Me}]/u.test(character) === markCodes.has(code);
    return characterWidth(character) !== width && isSameClass;
  });
  expect(comparable.length).toBeGreaterThan(100_000);
  expect(wrong.map(({ code, width }) => `U+${code.toString(16)} ${width}`)).toEqual([]);
});

const anyCell = fc
  .array(fc.oneof(fc.constantFrom(...'aé文한🐧\u0301\ufe0f＆ｱ'), fc.string({ unit: 'binary' })))
  .map((parts) => parts.join(''));

describe('table', () => {
  test('aligns the columns behind wide characters and marks', () => {
    const rows = [
      ['文件', 'x'],
      ['e\u0301', 'y'],
      ['🐧', 'z'],
    ];
    expect(table([{ title: 'A', right: true }, { title: 'B' }], rows)).toEqual([
      '   A B',
      '文件 x',
      '   e\u0301 y',
      '  🐧 z',
    ]);
  });

  test('shows control characters escaped, and counts the escapes', () => {
    expect(table([{ title: 'A' }, { title: 'B' }], [['\x1b\u200b', 'x']])).toEqual([
      'A          B',
      '\\x1b\\u200b x',
    ]);
  });

  test('keeps every line within the width of a terminal, for any cells', () => {
    const columns = [{ title: 'A' }, { title: 'B', right: true }, { title: 'C' }];
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyCell, anyCell, anyCell)),
        fc.integer({ min: 1, max: 60 }),
        (rows, limit) => {
          for (const line of table(columns, rows, { columns: limit })) {
            expect(textWidth(line)).toBeLessThanOrEqual(limit);
          }
        },
      ),
    );
  });
});

describe('truncate', () => {
  test('leaves out a wide character that does not fit', () => {
    expect(truncate('文文文', 6)).toBe('文文文');
    expect(truncate('文文文', 5)).toBe('文文…');
    expect(truncate('文文文', 4)).toBe('文…');
  });

  test('keeps marks with their character', () => {
    expect(truncate('ae\u0301\u0323bc', 3)).toBe('ae\u0301\u0323…');
    expect(truncate('e\u0301', 1)).toBe('e\u0301');
  });

  test('returns a beginning of the text, without a cut pair of surrogates', () => {
    fc.assert(
      fc.property(anyCell, fc.integer({ min: 1, max: 20 }), (cell, columns) => {
        const text = printable(cell);
        const short = truncate(text, columns);
        expect(textWidth(short)).toBeLessThanOrEqual(columns);
        expect(short).not.toMatch(/\p{Cs}/u);
        if (short !== text) expect(text.startsWith(short.slice(0, -1))).toBe(true);
      }),
    );
  });
});
