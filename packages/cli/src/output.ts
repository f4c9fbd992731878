// What is written to standard output: lines, and objects for programs.

/** Writes a line. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** JSON has neither infinity, which is `max` as in the files of cgroups, nor integers of 64 bits. */
function plain(_: string, value: unknown): unknown {
  if (value === Number.POSITIVE_INFINITY) return 'max';
  if (typeof value !== 'bigint') return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

/** Writes an object, indented, or with `line` in a line of its own. */
export function printJson(value: unknown, { line = false } = {}): void {
  print(JSON.stringify(value, plain, line ? 0 : 2));
}

/** A text without control characters: what a process calls itself must not reach the terminal. */
export function printable(text: string): string {
  return text.replace(
    /\p{Cc}/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
