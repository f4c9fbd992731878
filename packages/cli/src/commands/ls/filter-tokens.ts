// Tokens of a filter expression.
import { UsageError } from '../../framework/usage-error.js';

/** A token. */
export interface Token {
  readonly kind: 'text' | 'number' | 'word' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

const tokenPattern =
  /\s*(?:(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<number>\d+(?:\.\d+)?)(?![\w.])|(?<word>[a-z_]\w*)|(?<sign>&&|\|\||[=!]=|[=!]~|[<>]=?|[!()])|(?<end>$))/iy;

/** Yields the tokens of an expression. The last has the kind `end`. */
export function* tokensOf(expression: string): Generator<Token> {
  const pattern = new RegExp(tokenPattern);
  for (;;) {
    const start = pattern.lastIndex;
    const groups = pattern.exec(expression)?.groups;
    const found = Object.entries(groups ?? {}).find(([, text]) => text !== undefined);
    if (!found) throw new UsageError(`--filter: cannot parse '${expression.slice(start).trim()}'`);
    const [kind, text] = found as [Token['kind'], string];
    yield { kind, text, at: pattern.lastIndex - text.length };
    if (kind === 'end') return;
  }
}

/** Signs by the words that stand for them. */
export const signs: Readonly<Record<string, string>> = {
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

/** Words that are values. */
export const literals: Readonly<Record<string, boolean>> = { true: true, false: false };
