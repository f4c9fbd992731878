// `ns kill`: ends pid namespaces as a whole, or signals all processes in them.
import { killNamespace, signalAll } from '@ns/pid';
import { openNamespace } from '../../arguments/open-namespace.js';
import { parseSignal } from '../../arguments/signals.js';
import { type Command, done, type Outcome } from '../../framework/command.js';
import type { CommandLine } from '../../framework/command-line.js';
import { printJson } from '../../framework/output.js';
import { UsageError } from '../../framework/usage-error.js';

async function killAll(commandLine: CommandLine): Promise<Outcome> {
  const text = commandLine.value('signal');
  const signal = text === undefined ? undefined : parseSignal(text, 'signal');
  const { operands } = commandLine;
  if (operands.length === 0) throw new UsageError('a namespace is missing');
  // All are opened first: a wrong operand ends nothing.
  const namespaces = operands.map((operand) => openNamespace(operand, 'pid'));
  try {
    for (const namespace of namespaces) {
      if (signal === undefined) await killNamespace(namespace);
      else signalAll(namespace, signal);
    }
    if (commandLine.has('json')) {
      const killed = namespaces.map(({ type, id }) => ({ type, inode: id.ino }));
      printJson({ signal: signal ?? null, namespaces: killed });
    }
  } finally {
    for (const namespace of namespaces) namespace.close();
  }
  return done;
}

export const kill: Command = {
  name: 'kill',
  summary: 'End pid namespaces with all processes in them, or send these a signal.',
  usage: '[options] NAMESPACE...',
  options: [
    {
      title: 'Options',
      options: {
        signal: {
          short: 's',
          value: 'SIGNAL',
          help: 'send this signal to all processes except the init, and end nothing else',
        },
      },
    },
  ],
  notes: [
    'NAMESPACE is a pid in the namespace, or the path of its file. The namespace of ns itself is refused.',
    'Without --signal the init of the namespace is killed, and the kernel kills all other processes in the namespace and in those below it; ns waits until they are gone.',
    'Exit code: 0, or 1 for an error.',
  ],
  examples: ['ns kill 4711', 'ns kill --signal TERM 4711', 'ns kill /proc/4711/ns/pid'],
  failureCode: 1,
  run: killAll,
};
