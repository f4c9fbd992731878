// `ns pin`: keeps a namespace alive by a file, without a process in it.
import { createNamespace, isNamespaceType } from '@ns/core';
import { openNamespace } from '../../arguments/open-namespace.js';
import { type Command, done, type Outcome } from '../../framework/command.js';
import type { CommandLine } from '../../framework/command-line.js';
import { printJson } from '../../framework/output.js';
import { UsageError } from '../../framework/usage-error.js';
import { describePin } from './described-pin.js';

function pinNamespace(commandLine: CommandLine): Outcome {
  const [type, source, path] = commandLine.named('the type', 'the process or file', 'the path');
  if (!isNamespaceType(type)) {
    throw new UsageError(`the type must be that of a namespace, got '${type}'`);
  }
  const namespace = source === 'new' ? createNamespace(type) : openNamespace(source, type);
  try {
    namespace.pin(path);
    if (commandLine.has('json')) printJson(describePin(namespace, path));
  } finally {
    namespace.close();
  }
  return done;
}

export const pin: Command = {
  name: 'pin',
  summary: 'Keep a namespace by a file, also when no process is in it.',
  usage: '[options] TYPE PID|FILE|new PATH',
  options: [],
  notes: ['Needs CAP_SYS_ADMIN over the mount namespace.', 'Exit code: 0, or 1 for an error.'],
  examples: ['ns pin net 4711 /run/netns/blue', 'ns pin uts new /run/ns/uts'],
  failureCode: 1,
  run: pinNamespace,
};
