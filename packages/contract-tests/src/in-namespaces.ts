// Calls in namespaces of their own, for tests of root and of other users alike.
import { type NamespaceSpec, spawn } from '@ns/core';
import { user } from '@ns/user';

/** Calls a function with the pid of a process in new namespaces, which ends afterwards. */
export async function inNamespaces<Result>(
  specs: readonly NamespaceSpec[],
  use: (pid: number) => Result,
): Promise<Awaited<Result>> {
  const namespaces: NamespaceSpec[] = [user({ map: 'root' }), ...specs];
  const child = await spawn('sleep', ['60'], { namespaces, stdio: 'ignore' });
  try {
    return await use(child.pid);
  } finally {
    child.kill('SIGKILL');
    await child.exited;
  }
}
