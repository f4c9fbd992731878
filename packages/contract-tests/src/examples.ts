// What the types do not say about exports: arguments, options that are required, and exceptions with
// their reasons. A name is that of exports.ts, with the package before it.

import { createNamespace, Namespace, run } from '@ns/core';
import * as mount from '@ns/mount';
import * as net from '@ns/net';
import * as pid from '@ns/pid';
import { closeAfterTests } from './owned.js';

const isRoot = process.geteuid?.() === 0;

/** The arguments with which the tests call a callable. */
export interface Example {
  /** Arguments before the options, in the place of those that the types suggest. */
  readonly args?: readonly unknown[];
  /** Options that a call must have. */
  readonly base?: object;
  /** Options, by path, that take any value. */
  readonly anything?: readonly string[];
  /** The reason why any first argument is accepted. */
  readonly anyArgument?: string;
  /** The reason why its object does not hold options: data that the package returned, or an object of Node.js. */
  readonly data?: string;
  /** Starts a call that waits until the signal fires; or the reason why none can be made here. */
  readonly wait?: ((signal: AbortSignal) => unknown) | string;
}

const plan = 'plans only, and does not wait';
const ofMount = 'a mount is data that the mount table has returned';
const ofError = 'the details of an error are data of the package that throws it';

/** Examples by package and name: `pid Pidfd#signal`. */
export const examples: Readonly<Record<string, Example>> = {
  'core explainHold': { wait: plan },
  'core explainSpawn': { wait: plan },
  'core run': { wait: (signal) => run('sleep', ['60'], { signal }) },
  'core Terminal#resize': { base: { columns: 80 } },
  'core new RunError': { data: ofError },
  'core new SystemError': { data: ofError },
  'core new NamespaceGraph': { data: 'the parts of a graph are data that discover() has returned' },
  'cgroup Cgroup#delegate': { base: { uid: 0 } },
  'ipc SemaphoreSet.create': { args: [1] },
  'ipc SharedMemory.create': { args: [4096] },
  'mount attach': { args: [{ type: 'tmpfs', target: '/nonexistent/contract' }] },
  'mount MountTable#parent': { data: ofMount },
  'mount MountTable#children': { data: ofMount },
  'mount MountTable#isVisible': { data: ofMount },
  'mount propagationOf': { data: ofMount },
  'mount findPropagationPaths': { data: ofMount },
  'mount statMount': { args: [1n] },
  'mount watchMounts': { wait: (signal) => mount.watchMounts({ signal }).next() },
  'net isPair': { data: 'links are data that a link list has returned' },
  'net new NetlinkError': { data: ofError },
  'net readSysctl': { args: ['net.ipv4.nonexistent'] },
  'net writeSysctl': { args: ['net.ipv4.nonexistent', 1] },
  'net watchNet': { wait: (signal) => net.watchNet({ signal }).next() },
  'pid Pidfd#signal': { args: [0] },
  'pid signalAll': { args: ['self', 0] },
  'sandbox new RunError': { data: ofError },
  'sandbox new SystemError': { data: ofError },
  'user formatCapabilities': {
    data: 'sets of capabilities are data that the package has returned',
  },
};

/** Makes an object to call methods on, where one that has not been constructed will not do. */
export const instances: Readonly<Record<string, () => object>> = {
  // Root's would be that of the machine.
  'net Route': () =>
    closeAfterTests(net.Route.open(isRoot ? { in: closeAfterTests(createNamespace('net')) } : {})),
};

/** Skips a test. */
type Skip = (reason: string) => unknown;

/** Makes an object that is disposed of in a test, one for each class; or says why none can be made. */
export const resources: Readonly<Record<string, ((skip: Skip) => unknown) | string>> = {
  'core Namespace': () => Namespace.current('uts'),
  'core Watch': () => mount.watchMounts(),
  'ipc SystemVObject': 'is the base of MessageQueue, SemaphoreSet and SharedMemory',
  'pid Pidfd': () => pid.Pidfd.open(process.pid),
};
