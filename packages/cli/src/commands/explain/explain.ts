// `ns explain`: the system calls of `ns run`.
import type { Action, CommandDescription } from '../../framework/command.js';
import { explainRun, run } from '../run/run.js';

export const explain: CommandDescription & Action = {
  name: 'explain',
  summary: 'Print the system calls that ns run would make, and run nothing.',
  usage: run.usage,
  options: run.options,
  runs: true,
  notes: ['The options are those of ns run.', 'Exit code: 0, or 1 for an error.'],
  examples: [
    'ns explain -- true',
    'ns explain --net --map-root-user -- ping 127.0.0.1',
    'ns explain --json --memory 64M -- true',
  ],
  failureCode: 1,
  run: explainRun,
};
