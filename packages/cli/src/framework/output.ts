// Standard output: lines, and JSON for programs. Names of files, processes and groups come from
// strangers: they reach a terminal only escaped (SECURITY.md S4).
import { isUtf8 } from 'node:buffer';

/**
 * Characters that are shown escaped: controls (8-bit ones, too), invisible characters, those that change
 * the direction of a text, lone surrogates, and separators of lines.
 */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu;
const ESCAPE = String.fromCharCode(27);

function escaped(character: string): string {
  const code = character.codePointAt(0) as number;
  const digits = code.toString(16);
  if (code < 0x100) return `\\x${digits.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${digits.padStart(4, '0')}` : `\\u{${digits}}`;
}

/** Returns bytes that are not UTF-8 as text, with `\xff` for a byte that is not ASCII. */
const bytesText = (bytes: Buffer) =>
  bytes.toString('latin1').replace(/[\x80-\xff]/g, (one) => escaped(one));

/**
 * Returns a name or text of a stranger as it is shown: in one line, without control sequences. Every
 * cell, line and error with such a part goes through it.
 */
export function printable(text: string | Buffer): string {
  const shown = typeof text === 'string' ? text : isUtf8(text) ? text.toString() : bytesText(text);
  return shown.replace(UNSAFE, escaped);
}

/** True for the start of a colour of `ns`. Those of strangers have been escaped before. */
const isColour = (text: string, at: number) =>
  text[at] === ESCAPE && /^\[[\d;]*m/.test(text.slice(at + 1, at + 10));

/** Writes lines. Of their control characters, only colours and ends of lines reach the terminal. */
export function print(lines: string): void {
  const shown = lines.replace(UNSAFE, (one, at: number) =>
    one === '\n' || isColour(lines, at) ? one : escaped(one),
  );
  process.stdout.write(`${shown}\n`);
}

/** Returns what JSON cannot hold in another form: infinity as `max`, large 64-bit integers as text. */
function plain(_: string, value: unknown): unknown {
  if (value === Number.POSITIVE_INFINITY) return 'max';
  if (typeof value !== 'bigint') return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

const inUnits = (character: string) =>
  [...Array(character.length).keys()]
    .map((i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`)
    .join('');

/** Returns a value as JSON. Control characters are escaped in it, which does not change its meaning. */
export function jsonText(value: unknown, indent = 0): string {
  return JSON.stringify(value, plain, indent).replace(UNSAFE, (one) =>
    one === '\n' ? one : inUnits(one),
  );
}

/** Writes an object as JSON: indented, or in one line. */
export function printJson(value: unknown, { line = false } = {}): void {
  process.stdout.write(`${jsonText(value, line ? 0 : 2)}\n`);
}
