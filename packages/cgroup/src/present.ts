// Reading files that may not be there: what a group's controllers do not tell is left out.
import type { ControlFiles } from './files.js';

/** Reads files of a group, each once; undefined for one that is not there. */
export function reader(files: ControlFiles) {
  return <Value>(file: string, parse: (text: string) => Value): Value | undefined => {
    const text = files.readIfThere(file);
    return text === undefined ? undefined : parse(text);
  };
}

/** Leaves out what is not there. */
export function present<Value extends object>(
  value: {
    [Key in keyof Value]: Value[Key] | undefined;
  },
): Value {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as Value;
}

/** Sizes of huge pages that this machine has: `2MB`. */
export function hugePageSizes(files: ControlFiles): string[] {
  return files.names().flatMap((name) => /^hugetlb\.(\w+)\.current$/.exec(name)?.[1] ?? []);
}
