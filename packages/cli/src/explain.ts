// `ns explain`: what `ns run` would do, as system calls.
import type { Command, Outcome } from './command.js';
import type { Given } from './options.js';
import { explainRun, explanation, run } from './run.js';

async function explainAsJson(given: Given): Promise<Outcome> {
  const { withJsonErrors } = await import('./json-failure.js');
  return withJsonErrors('ns explain', 1, async () => {
    process.stdout.write(`${JSON.stringify(await explanation(given), null, 2)}\n`);
    return { exitCode: 0 };
  });
}

export const explain: Command = {
  name: 'explain',
  summary: 'Show the system calls that ns run would make; run nothing.',
  usage: run.usage,
  options: [
    ...run.options,
    { title: 'How it is shown', options: { json: { help: 'print the limits and calls as JSON' } } },
  ],
  notes: ['Options are those of ns run.', 'Exit code: 0, or 1 for an error.'],
  examples: ['ns explain -- true', 'ns explain --net --map-root-user -- ping 127.0.0.1'],
  failureCode: 1,
  run: (given) => (given.has('json') ? explainAsJson(given) : explainRun(given)),
};
