// The option `in` means the same in every function: a handle, a pid or 'self'.
import { Namespace } from '@ns/core';
import { describe, expect, test } from 'vitest';
import { type Case, call, casesOf, failureOf } from './call.js';
import { NO_PROCESS } from './exports.js';

const cases = casesOf().filter(({ callable, example }) => {
  return callable.members.some(({ name }) => name === 'in') && !example.data;
});

/** Codes of what does not exist. */
const missing = ['ESRCH', 'ENOENT', 'EBADF'];

describe.each(cases)('$title', (one: Case) => {
  const optionsIn = (target: unknown) => ({ ...one.example.base, in: target });

  test(`${one.title} refuses a handle of another type`, async () => {
    using other = Namespace.current(one.packageName === 'uts' ? 'ipc' : 'uts');
    const failure = await failureOf(one, () => call(one, optionsIn(other)));
    expect(failure).toBeInstanceOf(TypeError);
    expect(failure.message).toMatch(/options\.in must be .*, got .*uts|ipc/);
  });

  for (const number of [-1, 0, 1.5, 2 ** 31]) {
    const title = `${one.title} refuses ${number} as a pid`;
    test(title, async () => {
      const failure = await failureOf(one, () => call(one, optionsIn(number)));
      expect(failure).toBeInstanceOf(RangeError);
      expect(failure.message).toMatch(/options\.in must be a pid/);
    });
  }

  test(`${one.title} reports that no process has the pid`, async () => {
    const failure = await failureOf(one, () => call(one, optionsIn(NO_PROCESS)));
    expect(missing).toContain((failure as NodeJS.ErrnoException).code);
  });
});
