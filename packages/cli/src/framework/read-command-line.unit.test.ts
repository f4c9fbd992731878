import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OptionGroup } from './option-table.js';
import { readCommandLine } from './read-command-line.js';
import { UsageError } from './usage-error.js';

const groups: OptionGroup[] = [
  {
    title: 'Some',
    options: {
      net: { short: 'n', value: 'FILE', optional: true, help: '' },
      user: { short: 'U', help: '' },
      'user-parent': { help: '' },
    },
  },
  {
    title: 'More',
    options: {
      target: { short: 't', value: 'PID', help: '' },
      propagation: { value: 'HOW', help: '' },
      tree: { short: 'T', value: 'BY', optional: true, choices: ['owner', 'parent'], help: '' },
    },
  },
];

const read = (...args: string[]) => readCommandLine(args, groups);

describe('readCommandLine', () => {
  test('ends options at the first operand, or at --', () => {
    expect(read('--user', 'id', '--net').operands).toEqual(['id', '--net']);
    expect(read('--user', '--', '--net').operands).toEqual(['--net']);
    expect(read('-U', '-', '-n').operands).toEqual(['-', '-n']);
    expect(read().operands).toEqual([]);
  });

  test('takes values from the next word or after =', () => {
    expect(read('--target', '5').value('target')).toBe('5');
    expect(read('--target=5').value('target')).toBe('5');
    expect(read('--target=').value('target')).toBe('');
    expect(read('--target', '--user').value('target')).toBe('--user');
    expect(read('-t5').value('target')).toBe('5');
    expect(read('-Ut', '5', 'x')).toMatchObject({ operands: ['x'] });
  });

  test('takes an optional value from the same word only', () => {
    expect(read('--net', 'x').value('net')).toBeUndefined();
    expect(read('--net', 'x').operands).toEqual(['x']);
    expect(read('--net=x').value('net')).toBe('x');
    expect(read('-n/run/netns/t').value('net')).toBe('/run/netns/t');
    expect(read('-n=/run/netns/t').value('net')).toBe('/run/netns/t');
    expect(read('-nU').has('user')).toBe(true);
  });

  test('takes an optional value that is among the choices from the next word, too', () => {
    for (const words of [['--tree', 'parent'], ['-T', 'parent'], ['-Tparent'], ['--tree=parent']]) {
      expect(read(...words, 'x')).toMatchObject({ operands: ['x'] });
      expect(read(...words).value('tree')).toBe('parent');
    }
    expect(read('-T', 'x').value('tree')).toBeUndefined();
    expect(read('-TU').has('user')).toBe(true);
  });

  test('completes the beginning of exactly one long name', () => {
    expect(read('--prop', 'slave').value('propagation')).toBe('slave');
    expect(read('--user').has('user-parent')).toBe(false);
    expect(() => read('--use')).toThrow('--use can be --user, --user-parent');
  });

  test('keeps all values of a repeated option, of which value() returns the last', () => {
    const commandLine = read('-t1', '--target', '2');
    expect(commandLine.value('target')).toBe('2');
    expect(commandLine.values('target')).toEqual(['1', '2']);
  });

  test.each([
    [['--nothing'], 'unknown option --nothing'],
    [['-x'], 'unknown option -x'],
    [['--user=1'], '--user takes no value'],
    [['--target'], '--target needs a value'],
    [['-t'], '-t needs a value'],
    [['--toString'], 'unknown option --toString'],
    [['--=x'], 'can be'],
    [['--tagret', '1'], 'unknown option --tagret (did you mean --target?)'],
    [['--treee=owner'], 'unknown option --treee (did you mean --tree?)'],
  ])('refuses %j', (args, message) => {
    expect(() => read(...args)).toThrow(UsageError);
    expect(() => read(...args)).toThrow(message);
  });

  test('suggests only near names', () => {
    expect(() => read('--wholly-different')).toThrow(/^unknown option --wholly-different$/);
  });

  test('returns a command line that checks numbers and words', () => {
    expect(read('-t', '42').number('target')).toBe(42);
    expect(read().number('target')).toBeUndefined();
    for (const wrong of ['-1', '1.5', 'x', '', '1e3']) {
      expect(() => read(`--target=${wrong}`).number('target')).toThrow('must be a number');
    }
    expect(read('--propagation', 'slave').word('propagation', ['slave'])).toBe('slave');
    expect(() => read('--propagation', 'x').word('propagation', ['slave'])).toThrow('one of slave');
  });

  test('returns a command line that refuses names of options without description', () => {
    expect(() => read().has('nothing')).toThrow('option --nothing is not described');
  });

  test('returns the words of any command unchanged', () => {
    const options = fc.constantFrom([], ['-U'], ['--net'], ['-t', '1'], ['--net=a', '-Un']);
    fc.assert(
      fc.property(options, fc.array(fc.string()), (before, words) => {
        expect(read(...before, '--', ...words).operands).toEqual(words);
        expect(read(...before, 'command', ...words).operands).toEqual(['command', ...words]);
      }),
    );
  });
});
