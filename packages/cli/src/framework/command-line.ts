// A command line that has been read: its options, and the words after them.
import type { OptionTable } from './option-table.js';
import { UsageError } from './usage-error.js';

/** Values by the long name of the option, in their order; undefined for an option without a value. */
export type OptionValues = ReadonlyMap<string, readonly (string | undefined)[]>;

/** Options and operands of a command. */
export class CommandLine {
  readonly #known: OptionTable;
  readonly #values: OptionValues;
  readonly #order: readonly string[];
  /** The words that are not options, and all words after `--`. */
  readonly operands: readonly string[];

  /** @param order long names of the options, as often as they are on the command line */
  constructor(
    known: OptionTable,
    values: OptionValues,
    order: readonly string[],
    operands: readonly string[],
  ) {
    this.#known = known;
    this.#values = values;
    this.#order = order;
    this.operands = operands;
  }

  #find(name: string): readonly (string | undefined)[] {
    if (!Object.hasOwn(this.#known, name)) throw new Error(`option --${name} is not described`);
    return this.#values.get(name) ?? [];
  }

  /** True if the option is on the command line. */
  has(name: string): boolean {
    return this.#find(name).length > 0;
  }

  /** Returns the last value of an option; undefined if it has none. */
  value(name: string): string | undefined {
    return this.#find(name).at(-1);
  }

  /** Returns a value that must not be empty. An empty path comes from a variable that is not set. */
  path(name: string): string | undefined {
    const value = this.value(name);
    if (value === '') throw new UsageError(`--${name} must not be empty`);
    return value;
  }

  /** Returns all values of an option, in their order. */
  values(name: string): string[] {
    return this.#find(name).filter((value) => value !== undefined);
  }

  /** Returns the values of several options, in the order of the command line. */
  inOrder<Name extends string>(names: readonly Name[]): [name: Name, value: string][] {
    const next = new Map(names.map((name) => [name, this.values(name).values()]));
    return this.#order.flatMap((name): [Name, string][] => {
      const value = next.get(name as Name)?.next().value;
      return value === undefined ? [] : [[name as Name, value]];
    });
  }

  /** Returns the value as a number. */
  number(name: string): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (!/^\d{1,15}$/.test(value)) {
      throw new UsageError(`--${name} must be a number, got '${value}'`);
    }
    return Number(value);
  }

  /** Returns the value, which must be one of these words. */
  word<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const value = this.value(name);
    const word = words.find((candidate) => candidate === value);
    if (value !== undefined && word === undefined) {
      throw new UsageError(`--${name} must be one of ${words.join(', ')}, got '${value}'`);
    }
    return word;
  }

  /**
   * Returns the operands, which must be as many as names.
   *
   * @throws {UsageError} with the name of the first operand that is missing
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
}
