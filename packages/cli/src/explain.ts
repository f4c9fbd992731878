// `ns explain`: what `ns run` would do, as system calls.
import type { Command } from './command.js';
import { explainRun, run } from './run.js';

export const explain: Command = {
  name: 'explain',
  summary: 'Show the system calls that ns run would make; run nothing.',
  usage: run.usage,
  options: run.options,
  notes: ['Options are those of ns run.', 'Exit code: 0, or 1 for an error.'],
  examples: ['ns explain -- true', 'ns explain --net --map-root-user -- ping 127.0.0.1'],
  failureCode: 1,
  run: explainRun,
};
