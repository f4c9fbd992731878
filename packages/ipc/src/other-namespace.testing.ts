// For tests: an IPC namespace with a process in it, for each test a new one.
import { Namespace, type NamespaceProcess, runSync, spawn } from '@ns/core';
import { ipc } from './index.js';
import { rootless } from './rootless.testing.js';

let child: NamespaceProcess | undefined;
let handle: Namespace | undefined;

/** Options that mean the namespace of the test. */
export const there = {
  get in(): Namespace {
    if (handle === undefined) throw new Error('outside of a test');
    return handle;
  },
};

/** Returns the process in the namespace. */
export function processThere(): NamespaceProcess {
  if (child === undefined) throw new Error('outside of a test');
  return child;
}

/** Makes the namespace: for `beforeEach`. */
export async function makeNamespace(): Promise<void> {
  child = await spawn('sleep', ['60'], { namespaces: [rootless, ipc()], stdio: 'ignore' });
  handle = Namespace.of(child.pid, 'ipc');
}

/** Ends it: for `afterEach`. */
export async function endNamespace(): Promise<void> {
  handle?.close();
  child?.kill('SIGKILL');
  await child?.exited;
}

/** Returns the rows of ipcs(1) in that namespace, as fields. */
export function ipcs(what: '-m' | '-q' | '-s'): string[][] {
  const args = [
    '--target',
    String(processThere().pid),
    '--user',
    '--preserve-credentials',
    '--ipc',
  ];
  return runSync('nsenter', [...args, 'ipcs', what])
    .stdout.split('\n')
    .filter((line) => line.startsWith('0x'))
    .map((line) => line.trim().split(/\s+/));
}

/** The error of a wait that a signal has ended. */
export const aborted = { name: 'AbortError', code: 'ABORT_ERR' };
