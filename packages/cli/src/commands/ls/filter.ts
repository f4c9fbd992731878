// Expressions that choose lines by their columns: `NPROCS > 1 and COMMAND =~ "^node"`. Words and
// operators are those of lsns(8) and lsblk(8).
import { UsageError } from '../../framework/usage-error.js';
import { asText, comparisons, isTrue, type Value } from './comparisons.js';
import { literals, signs, type Token, tokensOf } from './filter-tokens.js';

/** Returns the value of a column of a line. */
export type Cells = (column: string) => Value;

/** Returns true for a line that is listed. */
export type Filter = (cells: Cells) => boolean;

type Operand = (cells: Cells) => Value;

/** Deepest nesting of an expression: the stack of JavaScript is limited. */
const DEEPEST = 100;

/** A parser by recursive descent: alternatives of conjunctions of comparisons. */
class Parser {
  readonly #expression: string;
  readonly #columns: readonly string[];
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(expression: string, columns: readonly string[]) {
    this.#expression = expression;
    this.#columns = columns;
    this.#tokens = [...tokensOf(expression)];
  }

  parse(): Filter {
    const filter = this.#either();
    if (this.#token.kind !== 'end') this.#fail('and, or, or the end');
    return filter;
  }

  get #token(): Token {
    return this.#tokens[this.#next] as Token;
  }

  #fail(expected: string): never {
    const { kind, at } = this.#token;
    const found = kind === 'end' ? 'the end' : `'${this.#expression.slice(at)}'`;
    throw new UsageError(`--filter: expected ${expected}, found ${found}`);
  }

  /** The sign of the next token, which may be written as a word. */
  get #sign(): string | undefined {
    const { kind, text } = this.#token;
    if (kind === 'sign') return text;
    const word = text.toLowerCase();
    return kind === 'word' && Object.hasOwn(signs, word) ? signs[word] : undefined;
  }

  #take(sign: string): boolean {
    if (this.#sign !== sign) return false;
    this.#next++;
    return true;
  }

  #either(): Filter {
    const all = [this.#both()];
    while (this.#take('||')) all.push(this.#both());
    return (cells) => all.some((one) => one(cells));
  }

  #both(): Filter {
    const all = [this.#single()];
    while (this.#take('&&')) all.push(this.#single());
    return (cells) => all.every((one) => one(cells));
  }

  #single(): Filter {
    if (this.#take('!')) {
      const one = this.#nested(() => this.#single());
      return (cells) => !one(cells);
    }
    if (!this.#take('(')) return this.#comparison();
    const inner = this.#nested(() => this.#either());
    if (!this.#take(')')) this.#fail("')'");
    return inner;
  }

  #nested(parse: () => Filter): Filter {
    if (++this.#depth > DEEPEST)
      throw new UsageError('--filter: the expression is nested too deeply');
    const filter = parse();
    this.#depth--;
    return filter;
  }

  #comparison(): Filter {
    const left = this.#operand();
    const sign = this.#sign ?? '';
    if (sign === '=~' || sign === '!~') {
      this.#next++;
      const pattern = this.#pattern();
      return (cells) => pattern.test(asText(left(cells))) === (sign === '=~');
    }
    const compare = Object.hasOwn(comparisons, sign) ? comparisons[sign] : undefined;
    if (!compare) return (cells) => isTrue(left(cells));
    this.#next++;
    const right = this.#operand();
    return (cells) => compare(left(cells), right(cells));
  }

  #operand(): Operand {
    const { kind, text } = this.#token;
    if (kind === 'text') return this.#constant(this.#text());
    if (kind === 'number') return this.#constant(Number(text));
    if (kind !== 'word' || this.#sign !== undefined) this.#fail('a column, a number or a text');
    const word = text.toLowerCase();
    if (Object.hasOwn(literals, word)) return this.#constant(literals[word] as boolean);
    const column = text.toUpperCase();
    if (!this.#columns.includes(column)) {
      throw new UsageError(
        `--filter: ${column} is not a column; write a text in quotes: "${text}"`,
      );
    }
    this.#next++;
    return (cells) => cells(column);
  }

  #constant(value: Value): Operand {
    this.#next++;
    return () => value;
  }

  #text(): string {
    return this.#token.text.slice(1, -1).replace(/\\(["'\\])/g, '$1');
  }

  #pattern(): RegExp {
    if (this.#token.kind !== 'text') this.#fail('a regular expression in quotes');
    const source = this.#text();
    try {
      const pattern = new RegExp(source, 'u');
      this.#next++;
      return pattern;
    } catch (error) {
      throw new UsageError(`--filter: ${(error as Error).message}`);
    }
  }
}

/**
 * Returns the filter that an expression means.
 *
 * @throws {UsageError} for a wrong expression, or a column that does not exist
 */
export function parseFilter(expression: string, columns: readonly string[]): Filter {
  return new Parser(expression, columns).parse();
}
