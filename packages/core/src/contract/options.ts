// Parsing an object of options: unknown keys are refused, defaults are filled in, and members that are
// objects themselves are parsed the same way, with longer names in errors.
import { type Parser, refuse } from './parser.js';
import { ownMembers } from './values.js';

/** A parser of a member that has a value even if the caller leaves it out. */
export interface FilledParser<Value> extends Parser<Value> {
  /** Called with `undefined` as well. */
  readonly takesUndefined: true;
}

/** The parsers of the members of options: one for each, none left out. */
export type Members<Options extends object> = {
  readonly [Key in keyof Required<Options>]: Parser<unknown>;
};

/** The normal form of options. */
export type Parsed<Shape> = {
  readonly [Key in keyof Shape]: Shape[Key] extends FilledParser<infer Value>
    ? Value
    : Shape[Key] extends Parser<infer Value>
      ? Value | undefined
      : never;
};

/** Returns a parser that gives `undefined` a value. */
export function withDefault<Value, Default extends Value>(
  parser: Parser<Value>,
  value: Default,
): FilledParser<Value> {
  const filled: Parser<Value> = (given, name) =>
    given === undefined ? value : parser(given, name);
  return Object.assign(filled, { takesUndefined: true as const });
}

/** Returns a parser that refuses `undefined`. */
export function required<Value>(parser: Parser<Value>): FilledParser<Value> {
  const filled: Parser<Value> = (given, name) => parser(given, name);
  return Object.assign(filled, { takesUndefined: true as const });
}

/** Returns the number of edits (insert, remove, replace, swap) that make one word of another. */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const at = (di: number, dj: number) => (di === 0 ? row : rows[i - di])?.[j - dj] ?? 0;
      const isSame = a[i - 1] === b[j - 1];
      let least = Math.min(at(1, 0) + 1, at(0, 1) + 1, at(1, 1) + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, at(2, 2) + 1);
      }
      row.push(least);
    }
    rows.push(row);
  }
  return rows[a.length]?.[b.length] ?? 0;
}

/** Returns the known word that was probably meant; undefined if none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const one of known) {
    const edits = distance(lower, one.toLowerCase());
    if (edits < least) [best, least] = [one, edits];
  }
  return best;
}

/** Throws the error of a key that options do not have. */
export function refuseKey(name: string, key: string, known: readonly string[]): never {
  const meant = nearest(key, known);
  const help =
    meant !== undefined
      ? ` (did you mean ${meant}?)`
      : known.length === 0
        ? ''
        : `; known: ${known.join(', ')}`;
  throw new TypeError(`${name}.${key} is not known${help}`);
}

/**
 * Returns the parser of an object with these members. A member that is left out, or `undefined`, is
 * `undefined` in the result unless its parser is {@link required} or has a {@link withDefault default}.
 *
 * @example
 * const parseRead = options({
 *   in: inNamespace('uts'),
 *   encoding: withDefault(oneOf('utf8', 'buffer'), 'utf8'),
 * } satisfies Members<ReadOptions>);
 * const { encoding } = parseRead(given);
 */
export function options<const Shape extends Readonly<Record<string, Parser<unknown>>>>(
  shape: Shape,
): (value: unknown, name?: string) => Parsed<Shape> {
  const members = Object.entries(shape);
  const known = Object.keys(shape);
  const isKnown = new Set(known);
  return (value, name = 'options') => {
    const given = ownMembers(value, name);
    for (const key in given) {
      if (!isKnown.has(key)) refuseKey(name, key, known);
    }
    const result: Record<string, unknown> = Object.create(null);
    for (const [key, parser] of members) {
      const one = given[key];
      const isLeftOut = one === undefined && !('takesUndefined' in parser);
      result[key] = isLeftOut ? undefined : parser(one, `${name}.${key}`);
    }
    return result as Parsed<Shape>;
  };
}

/**
 * Returns the own members of options whose keys are known, without parsing them: for what is called
 * very often.
 *
 * @throws {TypeError} for an unknown key
 */
export function knownMembers<Options extends object>(
  value: Options,
  known: ReadonlySet<string>,
  name: string,
): Options {
  const given = ownMembers(value, name);
  for (const key in given) if (!known.has(key)) refuseKey(name, key, [...known]);
  return given as Options;
}

/** Returns the parser of a value that may also be another: the first that accepts it. */
export function either<First, Second>(
  expected: string,
  first: Parser<First>,
  second: Parser<Second>,
): Parser<First | Second> {
  return (value, name) => {
    for (const parser of [first, second]) {
      try {
        return parser(value, name);
      } catch (error) {
        if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
      }
    }
    return refuse(name, expected, value);
  };
}
