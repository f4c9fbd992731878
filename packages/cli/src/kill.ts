// `ns kill`: ends pid namespaces as a whole, or signals all processes in them.
import { killNamespace, signalAll } from '@ns/pid';
import { type Command, done, type Outcome } from './command.js';
import { type Given, UsageError } from './options.js';
import { printJson } from './output.js';
import { openPlace } from './place.js';
import { signalOf } from './signals.js';

async function kill(given: Given): Promise<Outcome> {
  const text = given.value('signal');
  const signal = text === undefined ? undefined : signalOf(text, 'signal');
  if (given.operands.length === 0) throw new UsageError('a place is missing');
  // All are opened first: a wrong one ends nothing.
  const places = given.operands.map((place) => openPlace(place, 'pid'));
  try {
    for (const place of places) {
      if (signal === undefined) await killNamespace(place);
      else signalAll(place, signal);
    }
    if (given.has('json')) {
      const namespaces = places.map(({ type, id }) => ({ type, inode: id.ino }));
      printJson({ signal: signal ?? null, namespaces });
    }
  } finally {
    for (const place of places) place.close();
  }
  return done;
}

export const killCommand: Command = {
  name: 'kill',
  summary: 'End pid namespaces with all processes in them, or send these a signal.',
  usage: '[options] PLACE...',
  options: [
    {
      title: 'Options',
      options: {
        signal: {
          short: 's',
          value: 'SIGNAL',
          help: 'to all processes but the init, in place of ending the namespace',
        },
      },
    },
  ],
  notes: [
    'PLACE is a pid in the namespace, or the path of its file. The own namespace is refused.',
    'Without --signal the init of the namespace is killed, and with it the kernel kills everything in the namespace and those further in; ns waits until they are gone.',
    'Exit code: 0, or 1 for an error.',
  ],
  examples: ['ns kill 4711', 'ns kill --signal TERM 4711', 'ns kill /proc/4711/ns/pid'],
  failureCode: 1,
  run: kill,
};
