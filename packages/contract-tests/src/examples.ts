// What the types do not say about exports: arguments, options that are required, and exceptions with
// their reasons. A name is that of exports.ts, with the package before it.

import { Namespace, run, spawn } from '@ns/core';
import { ipc, MessageQueue, PosixQueue, SemaphoreSet, SharedMemory } from '@ns/ipc';
import * as mount from '@ns/mount';
import * as pid from '@ns/pid';
import { watchDomainname, watchHostname } from '@ns/uts';
import {
  type Examples,
  type Instances,
  ofError,
  ofStart,
  type Resources,
  readAll,
} from './examples/example.js';
import * as ofNet from './examples/net.js';
import { inNamespaces } from './in-namespaces.js';

const plan = 'plans only: the signal is one of the child that would be';

const ofMount = 'a mount is data that the mount table has returned';

/** Examples by package and name: `pid Pidfd#signal`. */
export const examples: Examples = {
  ...ofNet.examples,
  'core explainHold': { ignoresSignal: plan, wait: plan },
  'core explainSpawn': { ignoresSignal: plan, wait: plan },
  'core fork': { wait: ofStart },
  'core hold': { wait: ofStart },
  'core spawn': { wait: ofStart },
  'core run': { wait: (signal) => run('sleep', ['60'], { signal }) },
  'core Terminal#resize': { base: { columns: 80 } },
  'core new RunError': { data: ofError },
  'core new SystemError': { data: ofError },
  'core new NamespaceGraph': { data: 'the parts of a graph are data that discover() has returned' },
  'cgroup Cgroup#delegate': { base: { uid: 0 } },
  'ipc SemaphoreSet.create': { args: [1] },
  'ipc SharedMemory.create': { args: [4096] },
  'ipc MessageQueue#receive': {
    wait: (signal) =>
      inNamespaces([ipc()], async (at) => {
        using queue = MessageQueue.create({ in: at });
        return await queue.receive({ signal });
      }),
  },
  'ipc MessageQueue#send': {
    wait: (signal) =>
      inNamespaces([ipc()], async (at) => {
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
      inNamespaces([ipc()], async (at) => {
        using queue = PosixQueue.create('contract', { in: at });
        return await queue.receive({ signal });
      }),
  },
  'ipc PosixQueue#send': {
    wait: (signal) =>
      inNamespaces([ipc()], async (at) => {
        const size = { maxMessages: 1, messageSize: 8 };
        using queue = PosixQueue.create('contract', { ...size, in: at });
        while (queue.trySend('full'));
        return await queue.send('more', { signal });
      }),
  },
  'ipc SemaphoreSet#operate': {
    args: [[{ add: -1 }]],
    wait: (signal) =>
      inNamespaces([ipc()], async (at) => {
        using set = SemaphoreSet.create(1, { in: at });
        await set.operate([{ add: -1 }], { signal });
      }),
  },
  'mount attach': { args: [{ type: 'tmpfs', target: '/nonexistent/contract' }] },
  'mount MountTable#parent': { data: ofMount },
  'mount MountTable#children': { data: ofMount },
  'mount MountTable#isVisible': { data: ofMount },
  'mount propagationOf': { data: ofMount },
  'mount findPropagationPaths': { data: ofMount },
  'mount statMount': { args: [1n] },
  'mount watchMounts': { wait: (signal) => readAll(mount.watchMounts({ signal })) },
  'pid watchProcesses': { wait: (signal) => readAll(pid.watchProcesses({ signal })) },
  'pid Pidfd#signal': { args: [0] },
  'pid signalAll': { args: ['self', 0] },
  'uts watchDomainname': { wait: (signal) => readAll(watchDomainname({ signal })) },
  'uts watchHostname': { wait: (signal) => readAll(watchHostname({ signal })) },
  'sandbox new RunError': { data: ofError },
  'sandbox new SystemError': { data: ofError },
  'user formatCapabilities': {
    data: 'sets of capabilities are data that the package has returned',
  },
};

/** Makes an object to call methods on, where one that has not been constructed will not do. */
export const instances: Instances = {
  ...ofNet.instances,
  'ipc SemaphoreSet': () => SemaphoreSet.fromId(0),
};

/** Makes an object that is disposed of in a test, one for each class; or says why none can be made. */
export const resources: Resources = {
  ...ofNet.resources,
  'core Namespace': () => Namespace.current('uts'),
  'core Watch': () => mount.watchMounts(),
  'core NamespaceProcess': () => spawn('sleep', ['60'], { stdio: 'ignore' }),
  'core Terminal': 'belongs to a NamespaceProcess, which closes it',
  'ipc MessageQueue': () => inNamespaces([ipc()], (at) => MessageQueue.create({ in: at })),
  'ipc PosixQueue': () => inNamespaces([ipc()], (at) => PosixQueue.create('contract', { in: at })),
  'ipc SemaphoreSet': () => inNamespaces([ipc()], (at) => SemaphoreSet.create(1, { in: at })),
  'ipc SharedMemory': () => inNamespaces([ipc()], (at) => SharedMemory.create(1, { in: at })),
  'pid ProcessWatch': () => pid.watchProcesses(),
  'ipc SystemVObject': 'is the base of MessageQueue, SemaphoreSet and SharedMemory',
  'pid Pidfd': () => pid.Pidfd.open(process.pid),
};
