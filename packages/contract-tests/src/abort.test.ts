// Every function with a `signal` fails with an AbortError whose cause is the signal's reason: before it
// starts if the signal has fired, and while it waits.
import { describe, expect, test } from 'vitest';
import { type Case, call, casesOf, failureOf } from './call.js';

const cases = casesOf().filter(({ callable, example }) => {
  return callable.members.some(({ name }) => name === 'signal') && !example.data;
});

const reason = new Error('the reason');

function expectAbortError(failure: Error): void {
  expect(failure.name).toBe('AbortError');
  expect(failure).toMatchObject({ code: 'ABORT_ERR', cause: reason });
}

/** Returns a signal that fires shortly after a function has begun to listen to it, or after 3 seconds. */
function firesOnceHeard(): AbortSignal {
  const controller = new AbortController();
  const { signal } = controller;
  const abortIn = (milliseconds: number) =>
    setTimeout(() => controller.abort(reason), milliseconds);
  const listen: AbortSignal['addEventListener'] = signal.addEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof listen>) => {
    listen(...args);
    abortIn(50);
  };
  abortIn(3000);
  return signal;
}

describe.each(cases)('$title', (one: Case) => {
  if (one.example.ignoresSignal === undefined) {
    test(`${one.title} rejects with an AbortError if its signal has fired`, async () => {
      const options = { ...one.example.base, signal: AbortSignal.abort(reason) };
      expectAbortError(await failureOf(one, () => call(one, options)));
    });
  }

  const { wait } = one.example;
  if (typeof wait === 'string') return; // the reason why it does not wait
  test(`${one.title} rejects with an AbortError if its signal fires while it waits`, async ({
    skip,
  }) => {
    expect(wait, 'examples.ts says how it waits, or why it does not').toBeDefined();
    const waiting = wait?.(firesOnceHeard(), skip);
    expectAbortError(await failureOf(one, () => waiting));
  });
});
