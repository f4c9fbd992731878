// The job of a child is memory that the child can write. A pid in it is that of a child of the caller, or
// it is passed over: SECURITY.md S4.
import { expect, test } from 'vitest';
import { holdChild } from '../child/hold-child.js';
import { PendingChild } from '../child/pending-child.js';
import { spawn } from '../commands/spawn.js';
import type { Layout } from '../program/layout.js';

/** True if a process exists and has not ended. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('a PendingChild child ends no process that is not a child of the caller, whatever its job says', async () => {
  const script = 'sleep 1000 & echo $!; wait';
  await using parent = await spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  const { value } = await parent.lines[Symbol.asyncIterator]().next();
  const victim = Number(value);
  try {
    const { pid, pidfd } = holdChild([]);
    const forged = { pidfd, replacement: victim } as Layout;
    const child = new PendingChild(pid, forged);
    child.follow();
    expect(child.pid).toBe(pid);
    child.end();
    expect(isAlive(pid)).toBe(false);
    expect(isAlive(victim)).toBe(true);
  } finally {
    process.kill(victim, 'SIGKILL');
  }
});
