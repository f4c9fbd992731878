// `ns pin` and `ns unpin`: keep a namespace by a file, without a process in it.
import { createNamespace, isNamespaceType, Namespace } from '@ns/core';
import { type Command, done, type Outcome } from './command.js';
import { type Given, UsageError } from './options.js';
import { printJson } from './output.js';
import { openPlace } from './place.js';

/** What is told of a namespace and the file that keeps it. */
const told = ({ type, id }: Namespace, path: string) => ({ type, inode: id.ino, path });

function pinOne(given: Given): Outcome {
  const [type, place, path] = given.named('the type', 'the process or file', 'the path');
  if (!isNamespaceType(type)) throw new UsageError(`'${type}' is no type of namespace`);
  const namespace = place === 'new' ? createNamespace(type) : openPlace(place, type);
  try {
    namespace.pin(path);
    if (given.has('json')) printJson(told(namespace, path));
  } finally {
    namespace.close();
  }
  return done;
}

function unpinAll(given: Given): Outcome {
  const paths = given.operands;
  if (paths.length === 0) throw new UsageError('the path is missing');
  // All are opened first: a wrong one undoes nothing.
  const namespaces = paths.map((path) => {
    using namespace = Namespace.fromPath(path);
    return told(namespace, path);
  });
  for (const path of paths) Namespace.unpin(path);
  if (given.has('json')) printJson({ namespaces });
  return done;
}

const notes = ['Needs CAP_SYS_ADMIN over the mount namespace.', 'Exit code: 0, or 1 for an error.'];

export const pin: Command = {
  name: 'pin',
  summary: 'Keep a namespace by a file, also when no process is in it.',
  usage: '[options] TYPE PID|FILE|new PATH',
  options: [],
  notes,
  examples: ['ns pin net 4711 /run/netns/blue', 'ns pin uts new /run/ns/uts'],
  failureCode: 1,
  run: pinOne,
};

export const unpin: Command = {
  name: 'unpin',
  summary: 'Undo pin: unmount and remove the file.',
  usage: '[options] PATH...',
  options: [],
  notes,
  examples: ['ns unpin /run/netns/blue'],
  failureCode: 1,
  run: unpinAll,
};
