// `ns net topology`: a lab of several namespaces, described in a file.
import { readFileSync } from 'node:fs';
import { planTopology as lab, named, type Topology, type TopologyDescription } from '@ns/net';
import { done, type Verb } from '../command.js';
import { UsageError } from '../options.js';
import { print, printJson } from '../output.js';

function read(file: string): TopologyDescription {
  const text = readFileSync(file === '-' ? 0 : file, 'utf8');
  try {
    return JSON.parse(text) as TopologyDescription;
  } catch (error) {
    throw new Error(`${file} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** Takes a lab down, and gives the names that there were. */
function down(described: Topology, { namespaces }: TopologyDescription) {
  const there = named.list().filter(({ name }) => Object.hasOwn(namespaces, name));
  described.down();
  return { namespaces: there };
}

export const topology: Verb = {
  usage: 'up|down|plan FILE',
  summary: 'Make a whole lab, take it down, or tell what up would do.',
  options: [],
  words: ['up', 'down', 'plan'],
  run(given) {
    const [what, file] = given.named('up, down or plan', 'the file');
    if (what !== 'up' && what !== 'down' && what !== 'plan') {
      throw new UsageError(`there is no 'ns net topology ${what}', only up, down, plan`);
    }
    const description = read(file);
    const described = lab(description);
    if (what === 'plan' && !given.has('json')) {
      const text = described.explain();
      if (text !== '') print(text);
      return done;
    }
    const result = what === 'down' ? down(described, description) : { steps: described[what]() };
    if (given.has('json')) printJson(result);
    return done;
  },
};
