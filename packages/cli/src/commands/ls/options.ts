// The options of `ns ls`.
import type { OptionGroup } from '../../framework/option-table.js';
import { relations } from './tree.js';

/** All options of `ns ls`. */
export const lsOptions: readonly OptionGroup[] = [
  {
    title: 'Which',
    options: {
      type: {
        short: 't',
        value: 'TYPE,...',
        help: 'list only namespaces of these types (repeatable)',
      },
      task: { short: 'p', value: 'PID', help: 'list only namespaces of a process or thread' },
      persistent: { short: 'P', help: 'list only namespaces without processes' },
      filter: {
        short: 'Q',
        value: 'EXPR',
        help: 'list only namespaces for which the expression is true',
      },
    },
  },
  {
    title: 'How',
    options: {
      tree: {
        short: 'T',
        value: 'RELATION',
        optional: true,
        choices: relations,
        help: 'print trees, by owner (default), by parent, or by the namespace of an ancestor process',
      },
      list: { short: 'l', help: 'print a list (default)' },
      output: {
        short: 'o',
        value: 'COLUMNS',
        help: 'columns to print, with commas; +COLUMNS adds to the default',
      },
      'output-all': { help: 'print all columns' },
      'list-columns': { short: 'H', help: 'list the columns' },
      raw: { short: 'r', help: 'print unaligned fields, for other programs' },
      noheadings: { short: 'n', help: 'leave out the titles of the columns' },
      notruncate: { short: 'u', help: 'print whole lines, also on a terminal' },
      nowrap: { short: 'W', help: 'ignored, accepted for compatibility with lsns(8)' },
    },
  },
];
