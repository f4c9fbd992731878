import { describe, expect, test } from 'vitest';
import { Program, runProgram } from '../authors.js';
import { clone, fork, hold, isRunError, type RunError, run, spawn } from '../index.js';
import { signalName } from '../sys/signals.js';
import { fdCount } from '../testing/index.js';

const reason = new Error('enough');
const aborted = { name: 'AbortError', code: 'ABORT_ERR', cause: reason };

describe('a signal that has fired before the call', () => {
  const calls: Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>> = {
    spawn: (signal) => spawn('true', [], { signal }),
    run: (signal) => run('true', [], { signal }),
    fork: (signal) => fork('/dev/null', [], { signal }),
    clone: (signal) => clone(() => 1, { signal }),
    hold: (signal) => hold({ signal }),
    runProgram: (signal) => runProgram(new Program(), { signal }),
  };

  test.each(Object.entries(calls))(
    'rejects %s with an AbortError, before any descriptor',
    async (_, call) => {
      const before = fdCount();
      await expect(call(AbortSignal.abort(reason))).rejects.toMatchObject(aborted);
      expect(fdCount()).toBe(before);
    },
  );
});

describe('a signal that fires during the call', () => {
  test('rejects run with a RunError that is an AbortError with the reason and the output', async () => {
    const controller = new AbortController();
    const error = await run('sh', ['-c', 'echo started; exec sleep 100'], {
      signal: controller.signal,
      onSpawn: (child) => child.stdout?.once('data', () => controller.abort(reason)),
    }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject(aborted);
    expect(isRunError(error)).toBe(true);
    expect(error).toMatchObject({ isCanceled: true, timedOut: false, isMaxBuffer: false });
    expect((error as RunError).stdout).toBe('started\n');
  });

  test('emits an AbortError on the process of spawn', async () => {
    const controller = new AbortController();
    const child = await spawn('sleep', ['100'], { stdio: 'ignore', signal: controller.signal });
    const error = new Promise((resolve) => child.once('error', resolve));
    controller.abort(reason);
    expect(await error).toMatchObject(aborted);
    expect((await child.exited).signal).toBe('SIGTERM');
  });

  test('rejects runProgram with an AbortError', async () => {
    const program = new Program();
    program.call('ppoll', null, 0, null, null, 0);
    program.meet(() => {});
    const controller = new AbortController();
    const end = runProgram(program, { signal: controller.signal });
    controller.abort(reason);
    await expect(end).rejects.toMatchObject(aborted);
  });
});

describe('RunError', () => {
  test('tells a timeout and an exceeded maxBuffer apart', async () => {
    const late = await run('sleep', ['100'], { timeout: 50 }).catch((error: unknown) => error);
    expect(late).toMatchObject({ code: 'ETIMEDOUT', timedOut: true, isCanceled: false });
    const long = await run('yes', [], { maxBuffer: '1K' }).catch((error: unknown) => error);
    expect(long).toMatchObject({ isMaxBuffer: true, timedOut: false });
  });
});

test('kill takes the signal of a result, for each of the 64 signals', async () => {
  const child = await spawn('sleep', ['100'], { stdio: 'ignore' });
  child.kill('SIGKILL');
  await child.exited;
  for (let number = 1; number <= 64; number++) {
    expect(child.kill(signalName(number)), signalName(number)).toBe(false);
  }
});

test('a process that a real-time signal has ended can be named to kill again', async () => {
  const first = await spawn('sleep', ['100'], { stdio: 'ignore' });
  first.kill('SIGRTMIN+1');
  const { signal } = await first.exited;
  expect(signal).toBe('SIGRTMIN+1');
  const second = await spawn('sleep', ['100'], { stdio: 'ignore' });
  second.kill(signal as NodeJS.Signals);
  expect((await second.exited).signal).toBe(signal);
});
