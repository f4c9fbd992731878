// Expressions that choose lines by their columns: `NPROCS > 1 and COMMAND =~ "^node"`. The words and
// operators are those that lsns(8) and lsblk(8) know.
import { UsageError } from '../options.js';

/** What a column holds. */
export type Value = string | number | boolean | null | readonly string[];

/** The columns of a line. */
export type Cells = (column: string) => Value;

/** Whether a line is wanted. */
export type Filter = (cells: Cells) => boolean;

type Operand = (cells: Cells) => Value;
type Comparison = (left: Value, right: Value) => boolean;

interface Token {
  readonly kind: 'text' | 'number' | 'word' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

const tokenPattern =
  /\s*(?:(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<number>\d+(?:\.\d+)?)(?![\w.])|(?<word>[a-z_]\w*)|(?<sign>&&|\|\||[=!]=|[=!]~|[<>]=?|[!()])|(?<end>$))/iy;

function* tokensOf(expression: string): Generator<Token> {
  const pattern = new RegExp(tokenPattern);
  for (;;) {
    const start = pattern.lastIndex;
    const groups = pattern.exec(expression)?.groups;
    const found = Object.entries(groups ?? {}).find(([, text]) => text !== undefined);
    if (!found)
      throw new UsageError(`--filter: not understood: '${expression.slice(start).trim()}'`);
    const [kind, text] = found as [Token['kind'], string];
    yield { kind, text, at: pattern.lastIndex - text.length };
    if (kind === 'end') return;
  }
}

const asText = (value: Value) => (value === null ? '' : String(value));

/** Numbers are compared as such, all else as text. Nothing is before or after what is not there. */
const ordered =
  (accept: (order: number) => boolean): Comparison =>
  (left, right) => {
    if (left === null || right === null) return false;
    if (typeof left === 'number' || typeof right === 'number') {
      return accept(Number(left) - Number(right));
    }
    return accept(asText(left) < asText(right) ? -1 : Number(asText(left) > asText(right)));
  };

const equal: Comparison = (left, right) => asText(left) === asText(right);

const comparisons: Readonly<Record<string, Comparison>> = {
  '==': equal,
  '!=': (left, right) => !equal(left, right),
  '<': ordered((order) => order < 0),
  '<=': ordered((order) => order <= 0),
  '>': ordered((order) => order > 0),
  '>=': ordered((order) => order >= 0),
};

/** The signs that have a word, too. */
const signs: Readonly<Record<string, string>> = {
  and: '&&',
  or: '||',
  not: '!',
  eq: '==',
  ne: '!=',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
};

const literals: Readonly<Record<string, boolean>> = { true: true, false: false };

const isTrue = (value: Value) => (Array.isArray(value) ? value.length > 0 : Boolean(value));

/** How far expressions may be nested: the stack of JavaScript ends somewhere. */
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

  /** The sign that comes next, also if it is written as a word. */
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
    if (++this.#depth > DEEPEST) throw new UsageError('--filter: nested too deeply');
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
        `--filter: there is no column ${column}; a text needs quotes: "${text}"`,
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
 * The filter that an expression means.
 *
 * @throws {UsageError} if it is not one, or names a column that does not exist
 */
export function filterOf(expression: string, columns: readonly string[]): Filter {
  return new Parser(expression, columns).parse();
}
