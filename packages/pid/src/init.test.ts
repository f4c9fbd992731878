// Our init, as PID 1 and elsewhere, with what is expected of tini and dumb-init.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { explainSpawn, type NamespaceProcess, type SpawnOptions, spawn } from '@ns/core';
import { expect, onTestFinished, test } from 'vitest';
import { owner } from './owner.testing.js';
import { Pidfd } from './pidfd.js';
import { processes } from './processes.js';
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

test('a thousand orphans are reaped', async () => {
  const child = await start(
    'i=0; while [ $i -lt 1000 ]; do (true & ); i=$((i+1)); done; echo done; exec sleep 1000',
  );
  expect(await line(child)).toBe('done');
  // Each subshell's child has become init's own. None may stay as a zombie.
  const commands = () => processes({ in: child.pid }).map(({ command }) => command);
  for (let tries = 0; tries < 200; tries++) {
    if (commands().join() === 'ns-init,sleep') break;
    await delay(10);
  }
  expect(commands()).toEqual(['ns-init', 'sleep']);
});

test('a daemon made by a double fork becomes a child of init', async () => {
  const child = await start('(setsid sh -c "sleep 1000 & exit" &) ; echo ready; exec sleep 1000');
  await line(child);
  // Its number in the namespace is not 2, which is the command's.
  const daemon = () =>
    processes({ in: child.pid }).find(
      ({ command, pids }) => command === 'sleep' && pids.at(-1) !== 2,
    );
  while (daemon()?.ppid !== child.pid) await delay(10);
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
] as const)('the command gets %s', async (signal) => {
  const name = signal.slice(3);
  const child = await start(
    `trap 'echo got; exit 3' ${name}; echo ready; while :; do sleep 0.01; done`,
  );
  await line(child);
  child.kill(signal);
  expect(await line(child)).toBe('got');
  expect(await end(child)).toBe(3);
});

test('every signal that a process can catch is passed on, real-time ones included', async () => {
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

test('a signal right after the start reaches the command', async () => {
  for (let i = 0; i < 20; i++) {
    const child = await start('exec sleep 1000');
    child.kill('SIGTERM');
    expect(await end(child)).toBe('SIGTERM');
  }
});

test('signals that are not to be passed on are not', async () => {
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

test('a command that is stopped and continued has not ended', async () => {
  const child = await start('echo ready; kill -STOP $$; echo continued; exit 4');
  await line(child);
  const [, command] = processes({ in: child.pid });
  if (command === undefined) throw new Error('no command');
  const pidfd = Pidfd.open(command.pid);
  onTestFinished(() => pidfd.close());
  const state = () =>
    /^State:\s*(\w)/m.exec(readFileSync(`/proc/${command.pid}/status`, 'utf8'))?.[1];
  while (state() !== 'T') await delay(5);
  expect(child.exitCode).toBeNull();
  child.kill('SIGCONT'); // by way of init
  expect(await line(child)).toBe('continued');
  expect(await end(child)).toBe(4);
});

test('what the command leaves ends with the namespace', async () => {
  const child = await start('sleep 1000 & sleep 1000 & echo ready; exec sleep 1000');
  await line(child);
  const left = processes({ in: child.pid }).map((entry) => Pidfd.open(entry.pid));
  onTestFinished(() => {
    for (const pidfd of left) pidfd.close();
  });
  expect(left).toHaveLength(4);
  left[1]?.signal('SIGUSR1');
  expect(await end(child)).toBe('SIGUSR1');
  expect(left.filter(({ alive }) => alive)).toEqual([]);
});

test('what the command leaves may use the grace to clean up', async () => {
  const service = "trap 'echo cleaned; exit' TERM; echo ready; while :; do sleep 0.01; done";
  const child = await start(`sh -c "${service}" & exec sleep 1000`, { grace: 20_000 });
  await line(child);
  const [, command] = processes({ in: child.pid });
  if (command === undefined) throw new Error('no command');
  const pidfd = Pidfd.open(command.pid);
  onTestFinished(() => pidfd.close());
  pidfd.signal('SIGKILL');
  expect(await line(child)).toBe('cleaned');
  expect(await end(child)).toBe('SIGKILL');
});

test('a command that ignores SIGTERM is killed when the grace is over', async () => {
  const child = await start("trap '' TERM; echo ready; while :; do sleep 0.01; done", {
    grace: 50,
  });
  await line(child);
  child.kill('SIGTERM');
  expect(await end(child)).toBe('SIGKILL');
});

test('without a grace a command may take its time', async () => {
  const child = await start(
    "trap 'sleep 0.1; exit 8' TERM; echo ready; while :; do sleep 0.01; done",
  );
  await line(child);
  child.kill('SIGTERM');
  expect(await end(child)).toBe(8);
});

test('without a pid namespace, orphans of the command are reaped as well', async () => {
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
  while (orphan.info().ppid !== child.pid) await delay(5); // its own parent is about to end
  child.kill('SIGTERM'); // passed on to the command
  expect(await end(child)).toBe('SIGTERM');
  expect(orphan.alive).toBe(true); // nothing binds it to the command
  orphan.signal('SIGKILL');
  await orphan.exited;
});

test('PID 1 gets a signal when this process ends, if asked to', async () => {
  const child = await start('echo $$', { killWithParent: 'SIGTERM', init: 'none' });
  expect(await line(child)).toBe('1');
  const plan = (options: PidOptions) => explainSpawn('true', [], { namespaces: [pid(options)] });
  expect(plan({ killWithParent: 'SIGTERM' })).toContain('prctl(PR_SET_PDEATHSIG, 15');
  expect(plan({ killWithParent: true })).toContain('prctl(PR_SET_PDEATHSIG, 9');
  expect(plan({})).not.toContain('prctl(PR_SET_PDEATHSIG');
});

test('wrong options are refused', () => {
  expect(() => pid({ grace: -1 })).toThrow(RangeError);
  expect(() => pid({ grace: '1s' as never })).toThrow(TypeError);
  expect(() => pid({ grace: 5, init: 'none' })).toThrow(TypeError);
  expect(() => pid({ forwardSignals: ['SIGNONE' as never] })).toThrow(TypeError);
  expect(() => pid({ forwardSignals: [0] })).toThrow(RangeError);
  expect(() => pid({ setTid: [0] })).toThrow(RangeError);
  expect(() => pid({ killWithParent: 'SIGNONE' as never })).toThrow(TypeError);
});
