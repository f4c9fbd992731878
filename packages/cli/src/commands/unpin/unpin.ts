// `ns unpin`: removes the files that `ns pin` made.
import { Namespace } from '@ns/core';
import { type Command, done, type Outcome } from '../../framework/command.js';
import type { CommandLine } from '../../framework/command-line.js';
import { printJson } from '../../framework/output.js';
import { UsageError } from '../../framework/usage-error.js';
import { describePin } from '../pin/described-pin.js';

function unpinAll(commandLine: CommandLine): Outcome {
  const paths = commandLine.operands;
  if (paths.length === 0) throw new UsageError('the path is missing');
  // All are opened first: a wrong operand removes nothing.
  const namespaces = paths.map((path) => {
    using namespace = Namespace.fromPath(path);
    return describePin(namespace, path);
  });
  for (const path of paths) Namespace.unpin(path);
  if (commandLine.has('json')) printJson({ namespaces });
  return done;
}

export const unpin: Command = {
  name: 'unpin',
  summary: 'Undo pin: unmount and remove the file.',
  usage: '[options] PATH...',
  options: [],
  notes: ['Needs CAP_SYS_ADMIN over the mount namespace.', 'Exit code: 0, or 1 for an error.'],
  examples: ['ns unpin /run/netns/blue'],
  failureCode: 1,
  run: unpinAll,
};
