// What is written to standard output: lines, and objects for programs. Names of files, processes and
// groups come from strangers: they reach a terminal only escaped (SECURITY.md S4).
import { isUtf8 } from 'node:buffer';

/**
 * Characters that are not shown as they are: controls, also those of 8 bits, what changes the direction
 * of a text or is not visible, halves of pairs, and separators of lines.
 */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu;
const ESCAPE = String.fromCharCode(27);

function escaped(character: string): string {
  const code = character.codePointAt(0) as number;
  const digits = code.toString(16);
  if (code < 0x100) return `\\x${digits.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${digits.padStart(4, '0')}` : `\\u{${digits}}`;
}

/** Bytes that are not UTF-8, each that is not ASCII as `\xff`. */
const bytesText = (bytes: Buffer) =>
  bytes.toString('latin1').replace(/[\x80-\xff]/g, (one) => escaped(one));

/**
 * A name or text of a stranger as it is shown: in one line, without anything that a terminal would obey.
 * Used for every cell, line and error that has such a part.
 */
export function printable(text: string | Buffer): string {
  const given = typeof text === 'string' ? text : isUtf8(text) ? text.toString() : bytesText(text);
  return given.replace(UNSAFE, escaped);
}

/** True for the start of a colour: one of ours, since those of others are escaped before. */
const isColour = (text: string, at: number) =>
  text[at] === ESCAPE && /^\[[\d;]*m/.test(text.slice(at + 1, at + 10));

/** Writes lines. Whatever is in them, a terminal obeys no more than colours and ends of lines. */
export function print(lines: string): void {
  const shown = lines.replace(UNSAFE, (one, at: number) =>
    one === '\n' || isColour(lines, at) ? one : escaped(one),
  );
  process.stdout.write(`${shown}\n`);
}

/** JSON has neither infinity, which is `max` as in the files of cgroups, nor integers of 64 bits. */
function plain(_: string, value: unknown): unknown {
  if (value === Number.POSITIVE_INFINITY) return 'max';
  if (typeof value !== 'bigint') return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

const inUnits = (character: string) =>
  [...Array(character.length).keys()]
    .map((i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`)
    .join('');

/** A value as JSON, in which nothing stands that a terminal would obey. It means the same. */
export function jsonText(value: unknown, indent = 0): string {
  return JSON.stringify(value, plain, indent).replace(UNSAFE, (one) =>
    one === '\n' ? one : inUnits(one),
  );
}

/** Writes an object, indented, or with `line` in a line of its own. */
export function printJson(value: unknown, { line = false } = {}): void {
  process.stdout.write(`${jsonText(value, line ? 0 : 2)}\n`);
}
