// Options on the command line: how they are described and read. The rules are those of
// getopt_long(3), which unshare(1) and nsenter(1) use, values that may be left out included; the
// parsers for Node have others.
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { ownOptions } from '@ns/core/authors';

/** One option, by its long name in an {@link OptionTable}. */
export interface OptionDescription {
  /** One letter. */
  readonly short?: string;
  /** Placeholder of its value, for the help; without one it takes none. */
  readonly value?: string;
  /** The value may be left out: then it is given as `--name=value` or `-n/path` only. */
  readonly optional?: boolean;
  /** The values that it can have. If it may be left out, one of them is taken as the next word, too. */
  readonly choices?: readonly string[];
  /** What it does, in a line. */
  readonly help: string;
}

/** Options by long name, in the order of the help. */
export type OptionTable = Readonly<Record<string, OptionDescription>>;

/** A group of options under a heading of the help. */
export interface OptionGroup {
  readonly title: string;
  readonly options: OptionTable;
}

/** Options that every command has. */
export const commonOptions: OptionGroup = {
  title: 'Other options',
  options: {
    json: { short: 'J', help: 'print the result as JSON, and an error, too' },
    help: { short: 'h', help: 'show this text' },
    version: { short: 'V', help: 'show the version' },
  },
};

/** The command line is wrong: it is reported with a pointer to the help. */
export class UsageError extends Error {
  static {
    UsageError.prototype.name = 'UsageError';
  }
}

/** What has been given: options, and the words after them. */
export class Given {
  readonly #values: ReadonlyMap<string, readonly (string | undefined)[]>;
  readonly #known: OptionTable;
  readonly #order: readonly string[];
  /** The words that are no options, and all after `--`. */
  readonly operands: readonly string[];

  constructor(
    known: OptionTable,
    values: ReadonlyMap<string, readonly (string | undefined)[]>,
    order: readonly string[],
    operands: readonly string[],
  ) {
    this.#known = known;
    this.#values = values;
    this.#order = order;
    this.operands = operands;
  }

  #find(name: string): readonly (string | undefined)[] {
    if (!Object.hasOwn(this.#known, name)) throw new Error(`no option --${name} is described`);
    return this.#values.get(name) ?? [];
  }

  /** Whether the option is there. */
  has(name: string): boolean {
    return this.#find(name).length > 0;
  }

  /** The value, of the last one if there are several; undefined if there is none. */
  value(name: string): string | undefined {
    return this.#find(name).at(-1);
  }

  /** The value, which must not be empty: a path, as it may be of a variable that nobody has set. */
  path(name: string): string | undefined {
    const value = this.value(name);
    if (value === '') throw new UsageError(`--${name} must not be empty`);
    return value;
  }

  /** The values, in their order. */
  values(name: string): string[] {
    return this.#find(name).filter((value) => value !== undefined);
  }

  /** The values of several options, in the order of the command line. */
  inOrder<Name extends string>(names: readonly Name[]): [name: Name, value: string][] {
    const next = new Map(names.map((name) => [name, this.values(name).values()]));
    return this.#order.flatMap((name): [Name, string][] => {
      const value = next.get(name as Name)?.next().value;
      return value === undefined ? [] : [[name as Name, value]];
    });
  }

  /** The value as a number. */
  number(name: string): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (!/^\d{1,15}$/.test(value)) throw new UsageError(`--${name} must be a number: '${value}'`);
    return Number(value);
  }

  /**
   * The operands, of which there must be as many as names.
   *
   * @throws {UsageError} that has the name of the first one that is missing
   */
  named<const Names extends readonly string[]>(
    ...names: Names
  ): { readonly [Index in keyof Names]: string } {
    const { operands } = this;
    if (operands.length < names.length) {
      throw new UsageError(`${names[operands.length]} is missing`);
    }
    if (operands.length > names.length) {
      throw new UsageError(`unexpected '${operands[names.length]}'`);
    }
    return operands as unknown as { readonly [Index in keyof Names]: string };
  }

  /** The value, which must be one of these words. */
  word<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const value = this.value(name);
    const word = words.find((candidate) => candidate === value);
    if (value !== undefined && word === undefined) {
      throw new UsageError(`--${name} must be one of ${words.join(', ')}: '${value}'`);
    }
    return word;
  }
}

class Reader {
  readonly #known: OptionTable;
  readonly #words: readonly string[];
  readonly #anywhere: boolean;
  readonly #values = new Map<string, (string | undefined)[]>();
  readonly #order: string[] = [];
  readonly #operands: string[] = [];
  #next = 0;

  constructor(known: OptionTable, words: readonly string[], anywhere: boolean) {
    this.#known = known;
    this.#words = words;
    this.#anywhere = anywhere;
  }

  /** Reads on: after an error, behind the option that is wrong. */
  read(): Given {
    for (;;) {
      const word = this.#words[this.#next];
      if (word === undefined) break;
      if (word === '-' || !word.startsWith('-')) {
        if (!this.#anywhere) break;
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
    return new Given(this.#known, this.#values, this.#order, operands);
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

  /** A full name, or the beginning of only one. */
  #complete(name: string): string {
    if (Object.hasOwn(this.#known, name)) return name;
    const [only, ...others] = Object.keys(this.#known).filter((long) => long.startsWith(name));
    if (only === undefined) throw new UsageError(`unknown option --${name}`);
    if (others.length > 0)
      throw new UsageError(`--${name} can be --${[only, ...others].join(', --')}`);
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

  /** Letters in one word; the rest of the word is the value of one that takes one. */
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

/** How a command line is read. */
export interface ReadOptions {
  /**
   * Whether options may stand between the other words and behind them. Without it, they end at the
   * first word that is none: what follows belongs to the command to be run. Default: no.
   */
  readonly anywhere?: boolean;
}

/** All options, as their own members: an inherited one would be an option that no command has. */
const tableOf = (groups: readonly OptionGroup[]): OptionTable =>
  Object.assign(
    Object.create(null),
    ...groups.flatMap(({ options }) =>
      Object.entries(options).map(([name, option]) => ({ [name]: ownOptions(option) })),
    ),
  );

/** Node.js puts U+FFFD in the place of what is not UTF-8: the word would be another one. */
function assertUtf8(args: readonly string[]): void {
  const wrong = args.find((word) => word.includes('\ufffd'));
  if (wrong === undefined || isUtf8(readFileSync('/proc/self/cmdline'))) return;
  throw new UsageError(`'${wrong}' is not UTF-8, which Node.js cannot pass on`);
}

/**
 * Reads a command line.
 *
 * @throws {UsageError} for an option that is not known, a value that is missing or not taken
 */
export function readOptions(
  args: readonly string[],
  groups: readonly OptionGroup[],
  options: ReadOptions = {},
): Given {
  const { anywhere = false } = ownOptions(options);
  assertUtf8(args);
  return new Reader(tableOf(groups), args, anywhere).read();
}

/** Whether --json is among the options, also if another one is wrong. */
export function asksForJson(
  args: readonly string[],
  groups: readonly OptionGroup[],
  options: ReadOptions = {},
): boolean {
  const { anywhere = false } = ownOptions(options);
  const reader = new Reader(tableOf([...groups, commonOptions]), args, anywhere);
  for (;;) {
    try {
      return reader.read().has('json');
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
    }
  }
}
