// `ns pin` and `ns unpin`: keep a namespace by a file, without a process in it.
import { isNamespaceType, Namespace } from '@ns/core';
import type { Command, Outcome } from './command.js';
import { type Given, UsageError } from './options.js';
import { openPlace } from './place.js';

function pinOne(given: Given): Outcome {
  const [type, place, path, ...more] = given.operands;
  if (type === undefined || place === undefined || path === undefined || more.length > 0) {
    throw new UsageError('a type, a process or file, and a path are wanted');
  }
  if (!isNamespaceType(type)) throw new UsageError(`'${type}' is no type of namespace`);
  const namespace = place === 'new' ? Namespace.create(type) : openPlace(place, type);
  try {
    namespace.pin(path);
    if (given.has('json')) {
      process.stdout.write(`${JSON.stringify({ type, inode: String(namespace.id.ino), path })}\n`);
    }
  } finally {
    namespace.close();
  }
  return { exitCode: 0 };
}

function unpinAll(given: Given): Outcome {
  if (given.operands.length === 0) throw new UsageError('which file?');
  for (const path of given.operands) Namespace.unpin(path);
  if (given.has('json')) {
    process.stdout.write(`${JSON.stringify({ unpinned: given.operands })}\n`);
  }
  return { exitCode: 0 };
}

const notes = ['Needs CAP_SYS_ADMIN over the mount namespace.', 'Exit code: 0, or 1 for an error.'];

export const pin: Command = {
  name: 'pin',
  summary: 'Keep a namespace by a file, also when no process is in it.',
  usage: '[options] TYPE PID|FILE|new PATH',
  options: [
    { title: 'Options', options: { json: { short: 'J', help: 'print what was pinned as JSON' } } },
  ],
  notes,
  examples: ['ns pin net 4711 /run/netns/blue', 'ns pin uts new /run/ns/uts'],
  failureCode: 1,
  run: pinOne,
};

export const unpin: Command = {
  name: 'unpin',
  summary: 'Undo pin: unmount and remove the file.',
  usage: '[options] PATH...',
  options: [
    {
      title: 'Options',
      options: { json: { short: 'J', help: 'print what was unpinned as JSON' } },
    },
  ],
  notes,
  examples: ['ns unpin /run/netns/blue'],
  failureCode: 1,
  run: unpinAll,
};
