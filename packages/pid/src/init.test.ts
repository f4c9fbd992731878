// The init, as PID 1 and elsewhere: the behaviour of tini and dumb-init.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { explainSpawn, type NamespaceProcess, type SpawnOptions, spawn } from '@ns/core';
import { expect, onTestFinished, test } from 'vitest';
import { listProcesses } from './list-processes.js';
import { owner } from './owner.testing.js';
import { Pidfd } from './pidfd.js';
import { type PidOptions, pid } from './spec.js';

async function start(
  script: string,
  options: PidOptions = {},
  more: SpawnOptions = {},
): Promise<NamespaceProcess> {
  const child = await spawn('sh', ['-c', script], {
    namespaces: [...owner, pid(options)],
    stdio: ['ignore', 'pipe', 'inherit'],
    ...more,
  });
  onTestFinished(() => child[Symbol.asyncDispose]());
  return child;
}

async function line({ stdout }: NamespaceProcess): Promise<string> {
  const [chunk] = (await once(stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return chunk.toString().trim();
}

async function end(child: NamespaceProcess): Promise<number | string | null> {
  const { code, signal } = await child.exited;
  return signal ?? code;
}

test('init reaps a thousand orphans', async () => {
  const child = await start(
    'i=0; while [ $i -lt 1000 ]; do (true & ); i=$((i+1)); done; echo done; exec sleep 1000',
  );
  expect(await line(child)).toBe('done');
  // Each subshell's child has become init's own. None may stay as a zombie.
  const commands = () => listProcesses({ in: child.pid }).map(({ command }) => command);
  await expect.poll(commands, { timeout: 5000 }).toEqual(['ns-runner', 'sleep']);
});

test('init adopts a daemon made by a double fork', async () => {
  const child = await start('(setsid sh -c "sleep 1000 & exit" &) ; echo ready; exec sleep 1000');
  await line(child);
  // Its number in the namespace is not 2, which is the command's.
  const daemon = () =>
    listProcesses({ in: child.pid }).find(
      ({ command, pids }) => command === 'sleep' && pids.at(-1) !== 2,
    );
  await expect.poll(() => daemon()?.ppid).toBe(child.pid);
});

test.each([
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGTERM',
  'SIGWINCH',
  'SIGCONT',
] as const)('init forwards %s to the command', async (signal) => {
  const name = signal.slice(3);
  const child = await start(
    `trap 'echo got; exit 3' ${name}; echo ready; while :; do sleep 0.01; done`,
  );
  await line(child);
  child.kill(signal);
  expect(await line(child)).toBe('got');
  expect(await end(child)).toBe(3);
});

test('init forwards every signal that can be caught, real-time signals included', async () => {
  const numbers = Array.from({ length: 64 }, (_, i) => i + 1).filter(
    (number) => ![9, 17, 19, 32, 33].includes(number), // KILL, CHLD, STOP; two are the libc's own
  );
  const traps = numbers.map((number) => `trap 'echo got ${number}' ${number}`).join('; ');
  const child = await start(`${traps}; echo ready; while :; do sleep 0.01; done`);
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  const written = async (line: string) => {
    while (!text.split('\n').includes(line))
      await once(child.stdout as NodeJS.ReadableStream, 'data');
  };
  await written('ready');
  for (const number of numbers) {
    child.kill(number);
    await written(`got ${number}`);
  }
});

test('init forwards a signal right after the start', async () => {
  for (let i = 0; i < 20; i++) {
    const child = await start('exec sleep 1000');
    child.kill('SIGTERM');
    expect(await end(child)).toBe('SIGTERM');
  }
});

test('init drops signals outside of forwardSignals', async () => {
  const script =
    "trap 'echo one' USR1; trap 'echo two' USR2; echo ready; while :; do sleep 0.01; done";
  const some = await start(script, { forwardSignals: ['SIGUSR2'] });
  await line(some);
  some.kill('SIGUSR1');
  some.kill('SIGUSR2');
  expect(await line(some)).toBe('two');

  const none = await start('exec sleep 1000', { forwardSignals: false });
  none.kill('SIGTERM');
  none.kill('SIGINT');
  expect(none.exitCode).toBeNull();
  none.kill('SIGKILL');
  expect(await end(none)).toBe('SIGKILL');
});

test('init goes on while its command is stopped and continued', async () => {
  const child = await start('echo ready; kill -STOP $$; echo continued; exit 4');
  await line(child);
  const [, command] = listProcesses({ in: child.pid });
  if (command === undefined) throw new Error('no command');
  const pidfd = Pidfd.open(command.pid);
  onTestFinished(() => pidfd.close());
  const state = () =>
    /^State:\s*(\w)/m.exec(readFileSync(`/proc/${command.pid}/status`, 'utf8'))?.[1];
  await expect.poll(state, { interval: 5 }).toBe('T');
  expect(child.exitCode).toBeNull();
  child.kill('SIGCONT'); // by way of init
  expect(await line(child)).toBe('continued');
  expect(await end(child)).toBe(4);
});

test('processes that the command leaves end with the namespace', async () => {
  const child = await start('sleep 1000 & sleep 1000 & echo ready; exec sleep 1000');
  await line(child);
  const left = listProcesses({ in: child.pid }).map((entry) => Pidfd.open(entry.pid));
  onTestFinished(() => {
    for (const pidfd of left) pidfd.close();
  });
  expect(left).toHaveLength(4);
  left[1]?.signal('SIGUSR1');
  expect(await end(child)).toBe('SIGUSR1');
  expect(left.filter(({ alive }) => alive)).toEqual([]);
});

test('processes that the command leaves get SIGTERM and the grace to clean up', async () => {
  const service = "trap 'echo cleaned; exit' TERM; echo ready; while :; do sleep 0.01; done";
  const child = await start(`sh -c "${service}" & exec sleep 1000`, { grace: '20s' });
  await line(child);
  const [, command] = listProcesses({ in: child.pid });
  if (command === undefined) throw new Error('no command');
  const pidfd = Pidfd.open(command.pid);
  onTestFinished(() => pidfd.close());
  pidfd.signal('SIGKILL');
  expect(await line(child)).toBe('cleaned');
  expect(await end(child)).toBe('SIGKILL');
});

test('init kills a command that ignores SIGTERM after the grace', async () => {
  const child = await start("trap '' TERM; echo ready; while :; do sleep 0.01; done", {
    grace: 50,
  });
  await line(child);
  child.kill('SIGTERM');
  expect(await end(child)).toBe('SIGKILL');
});

test('init without a grace sets the command no limit', async () => {
  const child = await start(
    "trap 'sleep 0.1; exit 8' TERM; echo ready; while :; do sleep 0.01; done",
  );
  await line(child);
  child.kill('SIGTERM');
  expect(await end(child)).toBe(8);
});

test('init without a pid namespace reaps orphans of the command', async () => {
  const child = await start(
    '(sleep 0.05 &) ; (sleep 1000 & echo $!) ; exec sleep 1000',
    {},
    { init: true, namespaces: [] },
  );
  const orphan = Pidfd.open(Number(await line(child)));
  onTestFinished(() => {
    orphan.signal('SIGKILL');
    orphan.close();
  });
  await expect.poll(() => orphan.info().ppid).toBe(child.pid); // its own parent is about to end
  child.kill('SIGTERM'); // forwarded to the command
  expect(await end(child)).toBe('SIGTERM');
  expect(orphan.alive).toBe(true); // it does not depend on the command
  orphan.signal('SIGKILL');
  await orphan.exited;
});

test('killWithParent gives PID 1 a signal at the end of this process', async () => {
  const child = await start('echo $$', { killWithParent: 'SIGTERM', init: 'none' });
  expect(await line(child)).toBe('1');
  const plan = (options: PidOptions) => explainSpawn('true', [], { namespaces: [pid(options)] });
  expect(plan({ killWithParent: 'SIGTERM' })).toContain('prctl(PR_SET_PDEATHSIG, 15');
  expect(plan({ killWithParent: true })).toContain('prctl(PR_SET_PDEATHSIG, 9');
  expect(plan({})).not.toContain('prctl(PR_SET_PDEATHSIG');
});
