// Commands that keep their caller waiting: by what they leave behind, by signals that they ignore, by
// stopping what starts the next one. Each call ends in its time (SECURITY.md S5) as those of
// child_process do, no such command takes the caller's memory (S4), and none stops its event loop (S6).
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OWN_RUNNER } from '../child/launch.js';
import { clone } from '../commands/clone.js';
import { hold } from '../commands/hold.js';
import { run } from '../commands/run.js';
import type { RunOptions } from '../commands/run-options.js';
import { runProgram, runProgramSync } from '../commands/run-program.js';
import type { RunResult } from '../commands/run-result.js';
import { runSync } from '../commands/run-sync.js';
import { spawn } from '../commands/spawn.js';
import { Namespace } from '../namespaces/namespace.js';
import type { NamespaceProcess } from '../process/namespace-process.js';
import { Program } from '../program/program.js';
import type { NamespaceSpec } from '../program/spec.js';
import { rootMap, withInit } from '../testing/eight-namespaces.js';
import { type Container, canMakeContainer, container } from './container.testing.js';

type Run = (script: string, options: RunOptions) => Promise<unknown>;
const both: [string, Run][] = [
  ['run', (script, options) => run('sh', ['-c', script], options as object)],
  ['runSync', async (script, options) => runSync('sh', ['-c', script], options as object)],
];
const caught = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

/** Leaves a process behind that holds the output, and says its pid. */
const leave = 'sleep 1000 & echo $!';

/** Ends what was left behind; its pid is the first line of the output. */
function endLeft(error: unknown): void {
  process.kill(Number.parseInt((error as RunResult).stdout, 10), 'SIGKILL');
}

const MiB = 1024 * 1024;

describe.each(both)('%s', (_name, start) => {
  test('settles at its timeout although a process that was left behind holds the output', async () => {
    const error = await caught(start(leave, { timeout: 200 }));
    expect(error).toMatchObject({ code: 'ETIMEDOUT', exitCode: 0, signal: null });
    endLeft(error);
  });

  test('settles although what was left behind holds a further pipe of its own', async () => {
    const stdio = ['ignore', 'pipe', 'pipe', 'pipe'] as const;
    const error = await caught(start(`${leave}; exec sleep 1000`, { timeout: 200, stdio }));
    expect(error).toMatchObject({ code: 'ETIMEDOUT', signal: 'SIGTERM' });
    endLeft(error);
  });

  test('settles with SIGKILL for a command that ignores killSignal', async () => {
    const error = await caught(start('trap "" TERM; while :; do sleep 1; done', { timeout: 200 }));
    expect(error).toMatchObject({ code: 'ETIMEDOUT', signal: 'SIGKILL' });
  });

  test('ends a command that has stopped itself by killSignal', async () => {
    const error = await caught(start('kill -STOP $$', { timeout: 200 }));
    expect(error).toMatchObject({ code: 'ETIMEDOUT', signal: 'SIGTERM' });
  });

  test('settles at maxBuffer and keeps nothing beyond it, however much is written', async () => {
    const before = process.memoryUsage.rss();
    const error = await caught(start('echo $$; yes & exit 0', { maxBuffer: 4 * MiB }));
    expect(error).toMatchObject({ code: 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER' });
    expect((error as RunResult).stdout).toHaveLength(4 * MiB);
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * MiB);
  });

  test('keeps of a stream that comes byte by byte no more than its bytes', async () => {
    const script = `import os
for i in range(40000): os.write(1, b'x')`;
    const before = process.memoryUsage();
    const result = await start(`exec python3 -c "${script}"`, {});
    expect((result as RunResult).stdout).toHaveLength(40_000);
    const { arrayBuffers, external } = process.memoryUsage();
    expect(arrayBuffers - before.arrayBuffers).toBeLessThan(16 * MiB);
    expect(external - before.external).toBeLessThan(16 * MiB);
  });
});

/** Runs a command in a container whose root traces it until the caller has its result. */
async function runTraced(start: (user: Namespace) => unknown): Promise<Container> {
  const enemy = await container('keep');
  expect(await start(enemy.user)).toMatchObject({ exitCode: null, signal: null });
  await expect.poll(() => enemy.found.map(({ name }) => name)).toContain('sleep');
  return enemy;
}

/** Share of a second in which the event loop does not wait: that of a processor depends on other load. */
async function load(): Promise<number> {
  const before = performance.eventLoopUtilization();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return performance.eventLoopUtilization(before).utilization;
}

const tracedRuns: [string, (user: Namespace) => unknown][] = [
  ['run', (user) => run('sleep', ['1'], { namespaces: [user], reject: false })],
  ['runSync', (user) => runSync('sleep', ['1'], { namespaces: [user], reject: false })],
];

test.skipIf(!canMakeContainer).each(tracedRuns)(
  '%s settles, and leaves the event loop idle, although a tracer keeps the ended command',
  async (_, start) => {
    await runTraced(start);
    expect(await load()).toBeLessThan(0.5);
  },
);

test.skipIf(!canMakeContainer)(
  'a process that is held ends although a tracer keeps it',
  async () => {
    const enemy = await container('keep');
    const held = await hold({ namespaces: [enemy.user] });
    await expect.poll(() => enemy.found.map(({ name }) => name)).toContain('ns-runner');
    await held[Symbol.asyncDispose]();
    expect(await held.exited).toMatchObject({ code: null, signal: null });
  },
);

test('child_process settles in the same cases', async () => {
  const options = { timeout: 200 };
  const output = await new Promise<string>((resolve) => {
    execFile('sh', ['-c', leave], options, (_error, stdout) => resolve(stdout));
  });
  endLeft({ stdout: output });
  const { stdout } = spawnSync('sh', ['-c', leave], { ...options, encoding: 'utf8' });
  endLeft({ stdout });
});

test('run settles when it is aborted although a process that was left behind holds the output', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const onSpawn = (child: NamespaceProcess) => {
    child.once('exit', () => controller.abort());
  };
  const error = await caught(run('sh', ['-c', leave], { signal, onSpawn }));
  expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', exitCode: 0 });
  endLeft(error);
});

test('run ends the command if onSpawn throws', async () => {
  let pid = 0;
  const onSpawn = (child: NamespaceProcess) => {
    ({ pid } = child);
    throw new RangeError('of onSpawn');
  };
  await expect(run('sleep', ['1000'], { onSpawn })).rejects.toThrow('of onSpawn');
  const exists = () => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  await expect.poll(exists).toBe(false);
});

/** Has a child wait before its command. */
const slowStart = (seconds: bigint): NamespaceSpec => ({
  type: 'uts',
  prepare(child) {
    const pause = new Uint8Array(BigInt64Array.of(seconds, 0n).buffer);
    child.program('settings').call('nanosleep', pause, null);
  },
});

test.each(both)('%s counts the start of a command in its timeout', async (_name, start) => {
  const namespaces = [rootMap, slowStart(2n)];
  // From its own start on, the command would end in time.
  const error = await caught(start('sleep 2; echo late', { timeout: 3000, namespaces }));
  expect(error).toMatchObject({ code: 'ETIMEDOUT', signal: 'SIGTERM', stdout: '' });
});

describe('in a container that stops every process that joins', () => {
  let container: NamespaceProcess;
  let handles: Namespace[] = [];
  beforeAll(async () => {
    const script = 'echo ready; while :; do kill -STOP -1; done 2>/dev/null';
    container = await spawn('sh', ['-c', script], {
      stdio: ['ignore', 'pipe', 'ignore'],
      namespaces: [rootMap, withInit],
    });
    await once(container.stdout as NodeJS.ReadableStream, 'data');
    handles = (['user', 'pid'] as const).map((type) => Namespace.of(container.pid, type));
  });
  afterAll(async () => {
    for (const handle of handles) handle.close();
    await container[Symbol.asyncDispose]();
  });

  // Gives the container the time to stop the child on its way.
  const namespaces = () => [...handles, slowStart(1n)];

  test.each(both)('%s settles at its timeout, which counts from the call', async (_name, start) => {
    const error = await caught(start('true', { timeout: 500, namespaces: namespaces() }));
    expect(error).toMatchObject({ code: 'ETIMEDOUT', signal: 'SIGKILL' });
    // Not by the limit that a start has without a timeout.
    expect((error as RunResult).durationMs).toBeLessThan(OWN_RUNNER);
    const result = await start('true', { timeout: 500, namespaces: namespaces(), reject: false });
    expect(result).toMatchObject({ code: 'ETIMEDOUT', exitCode: null, stdout: '' });
  });

  test('spawn, clone and run settle at their timeout, or when they are aborted', async () => {
    const options = { timeout: 500, namespaces: namespaces() };
    const late = { code: 'ETIMEDOUT' };
    await expect(spawn('true', [], options)).rejects.toMatchObject(late);
    await expect(clone(() => 1, options)).rejects.toMatchObject(late);
    const abort = { signal: AbortSignal.timeout(500), namespaces: namespaces() };
    await expect(run('true', [], abort)).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('programs settle at their timeout, and do not stop the event loop', async () => {
    const options = { timeout: 500, namespaces: namespaces() };
    await expect(runProgram(new Program(), options)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(() => runProgramSync(new Program(), options)).toThrow('was not ready within 500 ms');
  });

  test('runProgramSync without a timeout ends after 10 s if the child is stopped', () => {
    const wanted = { namespaces: namespaces() };
    expect(() => runProgramSync(new Program(), wanted)).toThrow('was not ready within 10000 ms');
  }, 30_000);
});
