// Options on the command line: how they are described and read. The rules are those of
// getopt_long(3), which unshare(1) and nsenter(1) use, values that may be left out included; the
// parsers for Node have others.

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
  /** The words from the first one that is no option, or after `--`. */
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
  readonly #values = new Map<string, (string | undefined)[]>();
  readonly #order: string[] = [];
  #next = 0;

  constructor(known: OptionTable, words: readonly string[]) {
    this.#known = known;
    this.#words = words;
  }

  read(): Given {
    for (;;) {
      const word = this.#words[this.#next];
      if (word === undefined || word === '-' || !word.startsWith('-')) break;
      this.#next++;
      if (word === '--') break;
      if (word.startsWith('--')) this.#long(word.slice(2));
      else this.#short(word.slice(1));
    }
    return new Given(this.#known, this.#values, this.#order, this.#words.slice(this.#next));
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

/**
 * Reads options up to the first word that is none: what follows belongs to the command to be run.
 *
 * @throws {UsageError} for an option that is not known, a value that is missing or not taken
 */
export function readOptions(args: readonly string[], groups: readonly OptionGroup[]): Given {
  const known: OptionTable = Object.assign({}, ...groups.map(({ options }) => options));
  return new Reader(known, args).read();
}
