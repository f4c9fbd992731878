// The kernel's text formats in cgroup files.

/** Numbers by name. */
export type Counters = Readonly<Record<string, number>>;

/** The time that tasks waited for a resource: shares in percent, and the total in microseconds. */
export interface PressureShare {
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  /** Microseconds. */
  readonly total: number;
}

/** Pressure Stall Information of one resource. */
export interface Pressure {
  /** At least one task waited. */
  readonly some: PressureShare;
  /** All tasks waited; missing where the kernel does not report it. */
  readonly full?: PressureShare;
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

function numberOf(text: string): number {
  return text === 'max' ? Number.POSITIVE_INFINITY : Number(text);
}

/** Parses lines of `KEY VALUE`. */
export function parseFlat(text: string): Counters {
  return Object.fromEntries(
    lines(text).map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), numberOf(line.slice(at + 1))];
    }),
  );
}

function pairs(words: readonly string[]): Counters {
  return Object.fromEntries(
    words
      .filter((word) => word.includes('='))
      .map((word) => {
        const at = word.indexOf('=');
        return [word.slice(0, at), numberOf(word.slice(at + 1))];
      }),
  );
}

/** Parses lines of `KEY NAME=VALUE NAME=VALUE ...`. */
export function parseNested(text: string): Readonly<Record<string, Counters>> {
  return Object.fromEntries(
    lines(text).map((line) => {
      const [key = '', ...words] = line.split(' ');
      return [key, pairs(words)];
    }),
  );
}

/** Parses a pressure file. */
export function parsePressure(text: string): Pressure | undefined {
  const { some, full } = parseNested(text) as unknown as Partial<Pressure>;
  if (some === undefined) return undefined;
  return full === undefined ? { some } : { some, full };
}
