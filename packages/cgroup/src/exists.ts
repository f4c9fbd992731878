// Reads of files that may not exist: members without a file are left out.
import type { ControlFiles } from './control-files.js';

/** Returns a function that reads files of a group; undefined for a file that does not exist. */
export function reader(files: ControlFiles) {
  return <Value>(file: string, parse: (text: string) => Value): Value | undefined => {
    const text = files.readIfThere(file);
    return text === undefined ? undefined : parse(text);
  };
}

/** Returns an object without the members that are undefined. */
export function existing<Value extends object>(
  value: {
    [Key in keyof Value]: Value[Key] | undefined;
  },
): Value {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as Value;
}

/** Returns the sizes of huge pages of this machine: `2MB`. */
export function hugePageSizes(files: ControlFiles): string[] {
  return files.names().flatMap((name) => /^hugetlb\.(\w+)\.current$/.exec(name)?.[1] ?? []);
}
