// What a test must leave unchanged in its process.
import { readdirSync, readlinkSync } from 'node:fs';

/** Returns the number of open descriptors of the process. */
export function fdCount(): number {
  return readdirSync('/proc/self/fd').length - 1; // one of them is the directory itself
}

/** Returns the number of threads of the process. */
export function threadCount(): number {
  return readdirSync('/proc/self/task').length;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // a pid namespace for children that has no process yet
  }
}

/**
 * The namespaces of each thread of the process: thread id to file name to `net:[4026531840]`. A thread
 * that ends meanwhile is left out.
 */
export function threadNamespaces(): Map<number, Readonly<Record<string, string>>> {
  const threads = new Map<number, Readonly<Record<string, string>>>();
  for (const tid of readdirSync('/proc/self/task')) {
    const directory = `/proc/self/task/${tid}/ns`;
    try {
      const names = readdirSync(directory);
      const links = names.map((name) => [name, linkOf(`${directory}/${name}`)]);
      threads.set(Number(tid), Object.fromEntries(links));
    } catch {
      // It has ended.
    }
  }
  return threads;
}
