// The names in a directory, however many there are.
import { opendirSync } from 'node:fs';
import type { TimeSlices } from '../time-slices.js';
import { pathOfFd } from './resolve.js';

/** Reads all names in an open directory; a name has one character for each byte (latin1). */
export async function namesIn(directory: number, slices: TimeSlices): Promise<string[]> {
  const names: string[] = [];
  const entries = opendirSync(pathOfFd(directory), { encoding: 'latin1' });
  try {
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
      names.push(entry.name);
      await slices.take();
    }
  } finally {
    entries.closeSync();
  }
  return names;
}
