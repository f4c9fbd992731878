// `ns net topology`: a lab of several namespaces, described in a JSON file.
import { readFileSync } from 'node:fs';
import { planTopology as lab, named, type Topology, type TopologyDescription } from '@ns/net';
import { done, type Verb } from '../../framework/command.js';
import { print, printJson } from '../../framework/output.js';
import { UsageError } from '../../framework/usage-error.js';

function read(file: string): TopologyDescription {
  const text = readFileSync(file === '-' ? 0 : file, 'utf8');
  try {
    return JSON.parse(text) as TopologyDescription;
  } catch (error) {
    throw new Error(`${file} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** Removes a lab, and returns the namespaces that it had. */
function down(described: Topology, { namespaces }: TopologyDescription) {
  const existing = named.list().filter(({ name }) => Object.hasOwn(namespaces, name));
  described.down();
  return { namespaces: existing };
}

export const topology: Verb = {
  usage: 'up|down|plan FILE',
  summary: 'Create a whole lab, remove it, or print what up would do.',
  options: [],
  words: ['up', 'down', 'plan'],
  run(commandLine) {
    const [verb, file] = commandLine.named('up, down or plan', 'the file');
    if (verb !== 'up' && verb !== 'down' && verb !== 'plan') {
      throw new UsageError(`topology must be up, down or plan, got '${verb}'`);
    }
    const description = read(file);
    const described = lab(description);
    if (verb === 'plan' && !commandLine.has('json')) {
      const text = described.explain();
      if (text !== '') print(text);
      return done;
    }
    const result = verb === 'down' ? down(described, description) : { steps: described[verb]() };
    if (commandLine.has('json')) printJson(result);
    return done;
  },
};
