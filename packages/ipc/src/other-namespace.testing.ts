// For tests: an IPC namespace with a process in it, for each test a new one.
import { type NamespaceProcess, runSync, spawn } from '@ns/core';
import { ipc } from './index.js';
import { rootless } from './rootless.testing.js';

let child: NamespaceProcess | undefined;

/** Options that mean the namespace of the test. */
export const there = {
  get in(): number {
    if (child === undefined) throw new Error('outside of a test');
    return child.pid;
  },
};

/** Makes the namespace: for `beforeEach`. */
export async function makeNamespace(): Promise<void> {
  child = await spawn('sleep', ['60'], { namespaces: [rootless, ipc()], stdio: 'ignore' });
}

/** Ends it: for `afterEach`. */
export async function endNamespace(): Promise<void> {
  child?.kill('SIGKILL');
  await child?.exited;
}

/** Returns the rows of ipcs(1) in that namespace, as fields. */
export function ipcs(what: '-m' | '-q' | '-s'): string[][] {
  const args = ['--target', String(there.in), '--user', '--preserve-credentials', '--ipc'];
  return runSync('nsenter', [...args, 'ipcs', what])
    .stdout.split('\n')
    .filter((line) => line.startsWith('0x'))
    .map((line) => line.trim().split(/\s+/));
}

/** The error of a wait that a signal has ended. */
export const aborted = { name: 'AbortError', code: 'ABORT_ERR' };
