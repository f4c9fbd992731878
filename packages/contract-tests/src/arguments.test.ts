// Arguments before the options: a wrong type is refused by a TypeError. Whatever returns a promise rejects
// and never throws.
import { describe, expect, test } from 'vitest';
import { type Case, callWith, casesOf, failureOf } from './call.js';

const cases = casesOf().filter(
  ({ callable, example }) => callable.sample.length > 0 && !example.data && !example.anyArgument,
);

describe.each(cases)('$title', (one: Case) => {
  test(`${one.title} refuses a wrong type of its first argument`, async () => {
    const [, ...others] = one.example.args ?? one.callable.sample;
    const failure = await failureOf(one, () => callWith(one, [Symbol('wrong'), ...others]));
    expect(failure).toBeInstanceOf(TypeError);
  });
});
