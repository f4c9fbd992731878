// Tables for people: columns side by side, in the form of ps(1) and lsns(8).
import { printable } from './output.js';
import { textWidth, truncate } from './text-width.js';

/** A column. */
export interface Column {
  readonly title: string;
  /** True for numbers: they are aligned at the right. */
  readonly right?: boolean;
}

/** The form of a table. */
export interface TableOptions {
  /** False to leave out the line of titles. Default: true. */
  headings?: boolean;
  /** Width at which lines are truncated; 0 from a terminal without a known width. Default: 0, never. */
  columns?: number | undefined;
}

/** Returns the lines of a table. Cells are shown {@link printable}. The last column is not padded. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { headings = true, columns: limit = 0 }: TableOptions = {},
): string[] {
  const all = headings ? [columns.map(({ title }) => title), ...rows] : rows;
  const lines = all.map((cells) => cells.map(printable));
  const widths = columns.map((_, i) => {
    return lines.reduce((widest, line) => Math.max(widest, textWidth(line[i] ?? '')), 0);
  });
  return lines.map((line) => {
    const cells = columns.map(({ right }, i) => {
      const text = line[i] ?? '';
      const space = ' '.repeat((widths[i] ?? 0) - textWidth(text));
      return right ? space + text : text + space;
    });
    return truncate(cells.join(' ').trimEnd(), limit || Number.POSITIVE_INFINITY);
  });
}
