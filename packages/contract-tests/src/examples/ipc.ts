import { MessageQueue, ipc as newIpc, PosixQueue, SemaphoreSet, SharedMemory } from '@ns/ipc';
import type { PackageExamples } from '../example.js';
import { inNamespaces } from '../in-namespaces.js';

/** Calls a function with a process in an IPC namespace of its own. */
function inIpc<Result>(use: (at: number) => Result): Promise<Awaited<Result>> {
  return inNamespaces([newIpc()], use);
}

export const ipc: PackageExamples = {
  examples: {
    'ipc SemaphoreSet.create': { args: [1] },
    'ipc SharedMemory.create': { args: [4096] },
    'ipc MessageQueue#receive': {
      wait: (signal) =>
        inIpc(async (at) => {
          using queue = MessageQueue.create({ in: at });
          return await queue.receive({ signal });
        }),
    },
    'ipc MessageQueue#send': {
      wait: (signal) =>
        inIpc(async (at) => {
          using queue = MessageQueue.create({ in: at });
          while (queue.trySend(1, new Uint8Array(4096)));
          return await queue.send(1, new Uint8Array(4096), { signal });
        }),
    },
    'ipc PosixQueue.create': { args: ['contract'] },
    'ipc PosixQueue.open': { args: ['contract'] },
    'ipc PosixQueue.remove': { args: ['contract'] },
    'ipc PosixQueue#receive': {
      wait: (signal) =>
        inIpc(async (at) => {
          using queue = PosixQueue.create('contract', { in: at });
          return await queue.receive({ signal });
        }),
    },
    'ipc PosixQueue#send': {
      wait: (signal) =>
        inIpc(async (at) => {
          const size = { maxMessages: 1, messageSize: 8 };
          using queue = PosixQueue.create('contract', { ...size, in: at });
          while (queue.trySend('full'));
          return await queue.send('more', { signal });
        }),
    },
    'ipc SemaphoreSet#operate': {
      args: [[{ add: -1 }]],
      wait: (signal) =>
        inIpc(async (at) => {
          using set = SemaphoreSet.create(1, { in: at });
          await set.operate([{ add: -1 }], { signal });
        }),
    },
  },
  instances: { 'ipc SemaphoreSet': () => SemaphoreSet.fromId(0) },
  resources: {
    'ipc MessageQueue': () => inIpc((at) => MessageQueue.create({ in: at })),
    'ipc PosixQueue': () => inIpc((at) => PosixQueue.create('contract', { in: at })),
    'ipc SemaphoreSet': () => inIpc((at) => SemaphoreSet.create(1, { in: at })),
    'ipc SharedMemory': () => inIpc((at) => SharedMemory.create(1, { in: at })),
    'ipc SystemVObject': 'is the base of MessageQueue, SemaphoreSet and SharedMemory',
  },
};
