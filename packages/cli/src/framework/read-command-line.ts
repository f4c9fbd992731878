// Reads a command line by the rules of getopt_long(3), which unshare(1) and nsenter(1) follow,
// optional values included. The parsers for Node.js follow other rules.
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { parse } from '@ns/core/authors';
import { CommandLine } from './command-line.js';
import {
  commonOptions,
  type OptionDescription,
  type OptionGroup,
  type OptionTable,
} from './option-table.js';
import { UsageError } from './usage-error.js';

/**
 * The place of options: anywhere between the operands, or before the first operand only. In the second
 * case all words from there on belong to the command that is run.
 */
export type OptionPlace = 'anywhere' | 'before operands';

class Reader {
  readonly #known: OptionTable;
  readonly #words: readonly string[];
  readonly #place: OptionPlace;
  readonly #values = new Map<string, (string | undefined)[]>();
  readonly #order: string[] = [];
  readonly #operands: string[] = [];
  #next = 0;

  constructor(known: OptionTable, words: readonly string[], place: OptionPlace) {
    this.#known = known;
    this.#words = words;
    this.#place = place;
  }

  /** Reads on: after an error, behind the wrong option. */
  read(): CommandLine {
    for (;;) {
      const word = this.#words[this.#next];
      if (word === undefined) break;
      if (word === '-' || !word.startsWith('-')) {
        if (this.#place === 'before operands') break;
        this.#operands.push(word);
        this.#next++;
        continue;
      }
      this.#next++;
      if (word === '--') break;
      if (word.startsWith('--')) this.#long(word.slice(2));
      else this.#short(word.slice(1));
    }
    const operands = [...this.#operands, ...this.#words.slice(this.#next)];
    return new CommandLine(this.#known, this.#values, this.#order, operands);
  }

  #add(name: string, value: string | undefined): void {
    this.#values.set(name, [...(this.#values.get(name) ?? []), value]);
    this.#order.push(name);
  }

  #following(shown: string): string {
    const value = this.#words[this.#next++];
    if (value === undefined) throw new UsageError(`${shown} needs a value`);
    return value;
  }

  #isNext(choices: readonly string[] = []): boolean {
    return choices.includes(this.#words[this.#next] ?? '');
  }

  /** Returns the full name that a name, or the beginning of exactly one name, means. */
  #complete(name: string): string {
    if (Object.hasOwn(this.#known, name)) return name;
    const known = Object.keys(this.#known);
    const [only, ...others] = known.filter((long) => long.startsWith(name));
    if (only === undefined) {
      const meant = parse.nearest(name, known);
      const help = meant === undefined ? '' : ` (did you mean --${meant}?)`;
      throw new UsageError(`unknown option --${name}${help}`);
    }
    if (others.length > 0) {
      throw new UsageError(`--${name} can be --${[only, ...others].join(', --')}`);
    }
    return only;
  }

  #long(text: string): void {
    const [, start = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
    const name = this.#complete(start);
    const { value: placeholder, optional, choices } = this.#known[name] as OptionDescription;
    if (placeholder === undefined && value !== undefined) {
      throw new UsageError(`--${name} takes no value`);
    }
    const missing = placeholder !== undefined && value === undefined;
    const follows = missing && (!optional || this.#isNext(choices));
    this.#add(name, follows ? this.#following(`--${name}`) : value);
  }

  /** Reads the letters of one word. The rest of the word is the value of a letter that takes one. */
  #short(letters: string): void {
    for (let i = 0; i < letters.length; i++) {
      const letter = letters[i] as string;
      const found = Object.entries(this.#known).find(([, { short }]) => short === letter);
      if (!found) throw new UsageError(`unknown option -${letter}`);
      const [name, { value, optional, choices }] = found;
      const rest = letters.slice(i + 1);
      if (rest === '' && this.#isNext(choices)) {
        this.#add(name, this.#following(`-${letter}`));
        continue;
      }
      const isValue = /^=?\//.test(rest) || choices?.includes(rest.replace(/^=/, ''));
      if (value === undefined || (optional && !isValue)) {
        this.#add(name, undefined);
        continue;
      }
      this.#add(name, optional ? rest.replace(/^=/, '') : rest || this.#following(`-${letter}`));
      return;
    }
  }
}

/** Returns all options with their own members: an inherited one would be an option of no command. */
function tableOf(groups: readonly OptionGroup[]): OptionTable {
  const table: Record<string, OptionDescription> = Object.create(null);
  for (const { options } of groups) {
    for (const [name, option] of Object.entries(options)) {
      table[name] = Object.assign(Object.create(null), option);
    }
  }
  return table;
}

/** Throws for a word that is not UTF-8: Node.js puts U+FFFD in it, so that another word would be used. */
function assertUtf8(args: readonly string[]): void {
  const wrong = args.find((word) => word.includes('\ufffd'));
  if (wrong === undefined || isUtf8(readFileSync('/proc/self/cmdline'))) return;
  throw new UsageError(`'${wrong}' is not UTF-8, which Node.js cannot pass on`);
}

/**
 * Reads a command line.
 *
 * @throws {UsageError} for an unknown option, a missing value, or a value that an option does not take
 */
export function readCommandLine(
  args: readonly string[],
  groups: readonly OptionGroup[],
  place: OptionPlace = 'before operands',
): CommandLine {
  assertUtf8(args);
  return new Reader(tableOf(groups), args, place).read();
}

/** True if --json is among the options, also if another option is wrong. */
export function asksForJson(
  args: readonly string[],
  groups: readonly OptionGroup[],
  place: OptionPlace = 'before operands',
): boolean {
  const reader = new Reader(tableOf([...groups, commonOptions]), args, place);
  for (;;) {
    try {
      return reader.read().has('json');
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
    }
  }
}
