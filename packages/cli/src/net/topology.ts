// `ns net topology`: a lab of several namespaces, described in a file.
import { readFileSync } from 'node:fs';
import { topology as lab, type TopologyDescription } from '@ns/net';
import type { Outcome } from '../command.js';
import { UsageError } from '../options.js';
import { done, print, words } from './print.js';

function read(file: string): TopologyDescription {
  const text = readFileSync(file === '-' ? 0 : file, 'utf8');
  try {
    return JSON.parse(text) as TopologyDescription;
  } catch (error) {
    throw new Error(`${file} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** `ns net topology up|down|plan FILE` */
export function topology(rest: readonly string[]): Outcome {
  const [verb, file] = words(rest, 2, 'up, down or plan, or the file') as [string, string];
  if (!['up', 'down', 'plan'].includes(verb)) {
    throw new UsageError(`there is no 'ns net topology ${verb}', only up, down, plan`);
  }
  const described = lab(read(file));
  if (verb === 'up') described.up();
  else if (verb === 'down') described.down();
  else {
    const text = described.explain();
    if (text !== '') print(text);
  }
  return done;
}
