// Holds tests of `npm run test:fast` to pure logic: they make no system call and start no process.
import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { vi } from 'vitest';

const refuse = vi.hoisted(() => (): never => {
  throw new Error('a test of test:fast must not make system calls or start processes');
});

for (const name of ['exec', 'execFile', 'execFileSync', 'execSync', 'fork', 'spawn', 'spawnSync']) {
  Object.assign(childProcess, { [name]: refuse });
}
syncBuiltinESMExports();

vi.mock('../../packages/core/src/sys/native.js', async (original) => ({
  ...(await original<object>()),
  rawBecome: refuse,
  rawCalls: refuse,
  rawMap: refuse,
  rawSpawn: refuse,
  rawSpawnAsync: refuse,
  rawSyscall: refuse,
  rawSyscallAsync: refuse,
  rawWatch: refuse,
}));
