// Descriptions of options: reading, help, manual pages and completion are made of them.

/** An option. Its long name is its key in an {@link OptionTable}. */
export interface OptionDescription {
  /** One letter. */
  readonly short?: string;
  /** Placeholder of the value in the help. An option without one takes no value. */
  readonly value?: string;
  /** True if the value may be left out: then it is written as `--name=value` or `-n/path` only. */
  readonly optional?: boolean;
  /** All values that are accepted. Of an optional value, they are accepted as the next word, too. */
  readonly choices?: readonly string[];
  /** Its effect, in one line. */
  readonly help: string;
}

/** Options by long name, in the order of the help. */
export type OptionTable = Readonly<Record<string, OptionDescription>>;

/** A group of options below a heading of the help. */
export interface OptionGroup {
  readonly title: string;
  readonly options: OptionTable;
}

/** Options of every command. */
export const commonOptions: OptionGroup = {
  title: 'Other options',
  options: {
    json: { short: 'J', help: 'print the result, or an error, as JSON' },
    help: { short: 'h', help: 'show this text' },
    version: { short: 'V', help: 'show the version' },
  },
};
