import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signalName } from '../sys/signals.js';
import * as parse from './parse.js';

const outputOf = (command: string, args: readonly string[]) =>
  execFileSync(command, args, { encoding: 'utf8' }).trim();

const notNumber = fc.oneof(fc.string(), fc.boolean(), fc.constant(null), fc.object());

describe('parse.size', () => {
  test('reads texts with a unit as numfmt(1) does', () => {
    const texts = fc.sample(
      fc.tuple(
        fc.integer({ min: 0, max: 1000 }),
        fc.constantFrom('', '.5', '.25'),
        fc.constantFrom('K', 'M', 'G', 'T'),
      ),
      30,
    );
    const written = texts.map(([whole, fraction, unit]) => `${whole}${fraction}${unit}`);
    const bytes = outputOf('numfmt', ['--from=iec', ...written])
      .split('\n')
      .map(Number);
    for (const [i, one] of written.entries()) {
      for (const suffix of ['', 'B', 'iB']) {
        expect(parse.size(`${one}${suffix}`, 'size'), one).toBe(bytes[i]);
        expect(parse.size(`${one}${suffix}`.toLowerCase(), 'size'), one).toBe(bytes[i]);
      }
    }
  });

  test('returns a number of bytes unchanged', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (bytes) => parse.size(bytes, 'x') === bytes));
  });

  test('refuses other texts, and numbers that are not whole bytes', () => {
    for (const wrong of ['', 'M', '1X', '-1M', '1.5.5G', '0x10', null, true, {}, 1n]) {
      expect(() => parse.size(wrong, 'options.memory')).toThrow(TypeError);
      expect(() => parse.size(wrong, 'options.memory')).toThrow(/^options\.memory must be /);
    }
    for (const wrong of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '8E']) {
      expect(() => parse.size(wrong, 'options.memory')).toThrow(RangeError);
    }
  });
});

describe('durations', () => {
  const factors = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, min: 6e10, h: 3.6e12, d: 8.64e13 } as const;

  test('parse.nanoseconds takes each unit by its factor', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1_000_000, max: 1_000_000 }),
        fc.constantFrom(...(Object.keys(factors) as (keyof typeof factors)[])),
        (count, unit) => {
          const expected = BigInt(count) * BigInt(factors[unit]);
          expect(parse.nanoseconds(`${count}${unit}`, 'x')).toBe(expected);
        },
      ),
    );
  });

  test('parse.nanoseconds takes a number as milliseconds, and a bigint as nanoseconds', () => {
    fc.assert(
      fc.property(fc.integer(), (count) => {
        expect(parse.nanoseconds(count, 'x')).toBe(BigInt(count) * 1_000_000n);
        expect(parse.nanoseconds(BigInt(count), 'x')).toBe(BigInt(count));
      }),
    );
    expect(parse.nanoseconds(0.5, 'x')).toBe(500_000n);
    expect(parse.nanoseconds('1.5s', 'x')).toBe(1_500_000_000n);
    expect(parse.nanoseconds('-0.25ms', 'x')).toBe(-250_000n);
  });

  test('parse.timeout rounds up to milliseconds, and takes Infinity for no limit', () => {
    expect(parse.timeout('1us', 'x')).toBe(1);
    expect(parse.timeout(1500n, 'x')).toBe(1);
    expect(parse.timeout(250, 'x')).toBe(250);
    expect(parse.timeout('2min', 'x')).toBe(120_000);
    expect(parse.timeout(Number.POSITIVE_INFINITY, 'x')).toBe(0);
    expect(parse.timeout(parse.LONGEST_WAIT, 'x')).toBe(parse.LONGEST_WAIT);
  });

  test('parse.timeout refuses what a timer cannot wait', () => {
    for (const wrong of [-1, '-1s', parse.LONGEST_WAIT + 1, '25d', Number.NaN]) {
      expect(() => parse.timeout(wrong, 'options.timeout')).toThrow(RangeError);
    }
    for (const wrong of ['1', 's', '1 fortnight', null, true, {}]) {
      expect(() => parse.timeout(wrong, 'options.timeout')).toThrow(TypeError);
    }
  });

  test('parse.microseconds rounds to the nearest, and refuses a negative duration', () => {
    expect(parse.microseconds(1499n, 'x')).toBe(1);
    expect(parse.microseconds(1500n, 'x')).toBe(2);
    expect(() => parse.microseconds(-1, 'x')).toThrow(RangeError);
  });
});

describe('parse.signal', () => {
  test('reads the names of kill -l as their numbers', () => {
    for (let number = 1; number <= 64; number++) {
      if (number === 32 || number === 33) continue; // the C library's own
      const name = outputOf('bash', ['-c', `kill -l ${number}`]);
      expect(parse.signal(`SIG${name}`, 'x'), name).toBe(number);
      expect(parse.signal(`sig${name}`.toLowerCase(), 'x'), name).toBe(number);
    }
  });

  test('reads the name that signalName gives to each of the 64 signals', () => {
    for (let number = 1; number <= 64; number++) {
      expect(parse.signal(signalName(number), 'x')).toBe(number);
      expect(parse.signal(number, 'x')).toBe(number);
    }
  });

  test('refuses other names and numbers', () => {
    for (const wrong of ['KILL', 'SIGNOTHING', 'SIGRTMAX+1', 'SIGRTMIN+31', '', null, {}]) {
      expect(() => parse.signal(wrong, 'options.killSignal')).toThrow(TypeError);
    }
    for (const wrong of [-1, 65, 1.5]) {
      expect(() => parse.signal(wrong, 'options.killSignal')).toThrow(RangeError);
    }
  });
});

describe('numbers', () => {
  const ranges = [
    { title: 'parse.id', parser: parse.id, least: 0, most: 2 ** 32 - 2 },
    { title: 'parse.pid', parser: parse.pid, least: 1, most: 2 ** 22 },
    { title: 'parse.descriptor', parser: parse.descriptor, least: 0, most: 2 ** 31 - 1 },
    { title: 'parse.integer', parser: parse.integer(-20, 19), least: -20, most: 19 },
  ];

  test.each(ranges)('$title takes $least to $most', ({ parser, least, most }) => {
    fc.assert(
      fc.property(fc.integer({ min: least, max: most }), (value) => {
        expect(parser(value, 'x')).toBe(value);
      }),
    );
    for (const wrong of [least - 1, most + 1, least + 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => parser(wrong, 'options.x')).toThrow(RangeError);
    }
  });

  test.each(ranges)('$title refuses what is not a number', ({ parser }) => {
    fc.assert(
      fc.property(notNumber, (value) => {
        expect(() => parser(value, 'options.x')).toThrow(TypeError);
        expect(() => parser(value, 'options.x')).toThrow(/^options\.x must be .*, got /);
      }),
    );
  });
});

describe('texts', () => {
  test('parse.text takes every string without NUL', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        if (value.includes('\0')) expect(() => parse.text(value, 'x')).toThrow('NUL');
        else expect(parse.text(value, 'x')).toBe(value);
      }),
    );
    expect(() => parse.text('a\0b', 'name')).toThrow(
      new TypeError("name must be a string without NUL characters, got 'a\\x00b'"),
    );
  });

  test('parse.path and parse.absolutePath refuse empty and relative paths', () => {
    expect(parse.path('a/b', 'x')).toBe('a/b');
    expect(parse.absolutePath('/a', 'x')).toBe('/a');
    expect(() => parse.path('', 'x')).toThrow('x must be a path, not an empty string');
    expect(() => parse.absolutePath('a', 'x')).toThrow("x must be an absolute path, got 'a'");
  });

  test('parse.oneOf lists the values that it takes', () => {
    const parser = parse.oneOf('json', 'advanced');
    expect(parser('json', 'x')).toBe('json');
    expect(() => parser('jsno', 'x')).toThrow(
      new TypeError(`x must be one of "json", "advanced", got 'jsno'`),
    );
  });

  test('errors show a value on one line of limited length', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const text = parse.shown(value);
        expect(text).not.toContain('\n');
        expect(text.length).toBeLessThanOrEqual(121);
      }),
    );
  });
});

describe('collections', () => {
  test('parse.list names the item that it refuses, and sees holes', () => {
    const parser = parse.list(parse.text);
    expect(parser(['a', 'b'], 'args')).toEqual(['a', 'b']);
    expect(() => parser(['a', 1], 'args')).toThrow('args[1] must be a string, got 1');
    const sparse: string[] = [];
    sparse[1] = 'b';
    expect(() => parser(sparse, 'args')).toThrow('args[0] must be a string, got undefined');
    expect(() => parser('ab', 'args')).toThrow('args must be an array');
  });

  test('parse.record takes every key, and returns no prototype', () => {
    const parser = parse.record(parse.boolean);
    expect({ ...parser({ a: true, constructor: false }, 'x') }).toEqual({
      a: true,
      constructor: false,
    });
    expect(Object.getPrototypeOf(parser({}, 'x'))).toBe(null);
    expect(() => parser({ a: 1 }, 'x')).toThrow('x.a must be a boolean, got 1');
  });

  test('parse.either takes what one of both takes, and passes other errors on', () => {
    const parser = parse.either('a boolean or a string', parse.boolean, parse.text);
    expect([parser(true, 'x'), parser('a', 'x')]).toEqual([true, 'a']);
    expect(() => parser(1, 'x')).toThrow('x must be a boolean or a string, got 1');
    const failing = parse.either(
      'any',
      () => {
        throw new Error('disk on fire');
      },
      parse.text,
    );
    expect(() => failing('a', 'x')).toThrow('disk on fire');
  });

  test('parse.callback and parse.abortSignal take nothing else', () => {
    const { signal } = new AbortController();
    expect(parse.abortSignal(signal, 'x')).toBe(signal);
    expect(() => parse.abortSignal({}, 'x')).toThrow('x must be an AbortSignal, got {}');
    const fn = () => {};
    expect(parse.callback()(fn, 'x')).toBe(fn);
    expect(() => parse.callback()('fn', 'x')).toThrow("x must be a function, got 'fn'");
  });
});
