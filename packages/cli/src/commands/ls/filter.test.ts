// Expressions of `ns ls --filter`.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UsageError } from '../../framework/usage-error.js';
import type { Value } from './comparisons.js';
import { parseFilter } from './filter.js';

const line: Readonly<Record<string, Value>> = {
  NS: 4026531840,
  TYPE: 'net',
  NPROCS: 3,
  PID: null,
  INITIAL: false,
  NSFS: ['/run/netns/a b'],
  COMMAND: `node "x"`,
};
const columns = Object.keys(line);
const accepts = (expression: string) =>
  parseFilter(expression, columns)((column) => line[column] as Value);

test.each([
  ['NPROCS > 2', true],
  ['nprocs gt 2', true],
  ['NPROCS > 3', false],
  ['NPROCS >= 3 and NPROCS <= 3', true],
  ['NPROCS < 10', true], // as numbers, not as text
  ['3 == NPROCS', true],
  ['TYPE == "net"', true],
  [`TYPE == 'net'`, true],
  ['TYPE eq "uts"', false],
  ['TYPE ne "uts"', true],
  ['TYPE < "o"', true],
  ['COMMAND == "node \\"x\\""', true],
  ['COMMAND =~ "^node"', true],
  ['COMMAND =~ "\\d"', false],
  ['COMMAND !~ "^node"', false],
  ['NSFS =~ "^/run/netns/"', true],
  ['NSFS', true],
  ['PID', false],
  ['!PID', true],
  ['not not PID', false],
  ['PID > 0', false],
  ['PID < 1', false],
  ['PID == ""', true],
  ['INITIAL', false],
  ['INITIAL == false', true],
  ['true', true],
  // and before or
  ['true or false and false', true],
  ['(true or false) and false', false],
  ['TYPE == "uts" || NPROCS == 3 && !INITIAL', true],
])('parseFilter: %s is %s', (expression, expected) => {
  expect(accepts(expression)).toBe(expected);
});

test.each([
  ['', 'expected a column, a number or a text, found the end'],
  ['NPROCS >', 'found the end'],
  ['NPROCS NPROCS', "expected and, or, or the end, found 'NPROCS'"],
  ['(NPROCS', "expected ')'"],
  ['NPROCS > > 1', "found '> 1'"],
  ['NOTHING', 'NOTHING is not a column'],
  ['TYPE == net', 'NET is not a column; write a text in quotes: "net"'],
  ['TYPE == "net', "cannot parse '\"net'"],
  ['TYPE =~ NPROCS', 'expected a regular expression in quotes'],
  ['TYPE =~ "("', 'Invalid regular expression'],
  ['NPROCS == 3x', "cannot parse '3x'"],
  ['constructor', 'CONSTRUCTOR is not a column'],
])('parseFilter refuses %j: %s', (expression, message) => {
  expect(() => parseFilter(expression, columns)).toThrow(UsageError);
  expect(() => parseFilter(expression, columns)).toThrow(message);
});

test.each(['(', '!'])('parseFilter limits the nesting of %s', (sign) => {
  expect(accepts(`${'!'.repeat(100)}NPROCS`)).toBe(true);
  expect(() => parseFilter(sign.repeat(50_000), columns)).toThrow(
    '--filter: the expression is nested too deeply',
  );
});

test('parseFilter returns a filter or throws a UsageError for any text', () => {
  const piece = fc.constantFrom(
    ...columns,
    ...['and', 'or', 'not', '!', '&&', '||', '(', ')', '==', '=~', '<', '>=', '1', '"x"', ' '],
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece).map((pieces) => pieces.join(' ')),
      ),
      (text) => {
        try {
          expect(typeof accepts(text)).toBe('boolean');
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      },
    ),
  );
});

test('parseFilter takes any text in quotes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const quoted = `"${text.replace(/["\\]/g, '\\$&')}"`;
      expect(parseFilter(`TYPE == ${quoted}`, columns)(() => text)).toBe(true);
    }),
  );
});
