// Tables for people: columns side by side, as ps(1) and lsns(8) write them.
import { printable } from './output.js';

/** A column. */
export interface Column {
  readonly title: string;
  /** Numbers are aligned at the right. */
  readonly right?: boolean;
}

const width = (text: string) => [...text].length;

function shorten(line: string, columns: number): string {
  const characters = [...line];
  return characters.length <= columns ? line : `${characters.slice(0, columns - 1).join('')}…`;
}

/** How a table is written. */
export interface TableOptions {
  /** Whether the first line names the columns. Default: true. */
  headings?: boolean;
  /** Width at which lines are cut, for a terminal; 0 if it does not know its own. Default: they are not. */
  columns?: number | undefined;
}

/** The lines of a table, with cells as {@link printable} has them. The last column is not padded. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { headings = true, columns: limit = 0 }: TableOptions = {},
): string[] {
  const given = headings ? [columns.map(({ title }) => title), ...rows] : rows;
  const lines = given.map((cells) => cells.map(printable));
  const widths = columns.map((_, i) => Math.max(0, ...lines.map((line) => width(line[i] ?? ''))));
  return lines.map((line) => {
    const cells = columns.map(({ right }, i) => {
      const text = line[i] ?? '';
      const space = ' '.repeat((widths[i] ?? 0) - width(text));
      return right ? space + text : text + space;
    });
    return shorten(cells.join(' ').trimEnd(), limit || Number.POSITIVE_INFINITY);
  });
}
