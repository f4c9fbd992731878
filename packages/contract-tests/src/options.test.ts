// Every option of every export is parsed: a mistyped name and a wrong type are refused by an error that
// names the option, before anything is done.
import { afterAll, describe, expect, test } from 'vitest';
import { type Case, call, casesOf, failureOf } from './call.js';
import type { Member } from './exports.js';

/** The path of each option, that of nested ones included. */
function pathsOf(members: readonly Member[]): string[][] {
  return members.flatMap(({ name, members: inner }) => [
    [name],
    ...pathsOf(inner).map((path) => [name, ...path]),
  ]);
}

/** Returns options with a value at a path, beside those that the call must have. */
function optionsWith(base: object, path: readonly string[], value: unknown): object {
  const [name = '', ...rest] = path;
  const inner = (base as Record<string, unknown>)[name];
  const there = rest.length === 0 ? value : optionsWith((inner as object) ?? {}, rest, value);
  return { ...base, [name]: there };
}

const cases = casesOf().filter(
  ({ callable, example }) => callable.members.length > 0 && !example.data,
);

describe.each(cases)('$title', (one: Case) => {
  const { callable, example } = one;
  const places = callable.forms.flatMap((form) => {
    const kind = Object.values(form.base).join(' ');
    const base = { ...example.base, ...form.base, ...example.baseOf?.[kind] };
    return pathsOf(form.members).map((path) => ({ base, path, at: `${kind} ${path.join('.')}` }));
  });

  test(`${one.title} refuses a mistyped option`, async () => {
    for (const { base, path, at } of places) {
      const name = path.at(-1) as string;
      const mistyped = [...path.slice(0, -1), `${name}q`];
      const failure = await failureOf(one, () => call(one, optionsWith(base, mistyped, 1)));
      expect.soft(failure, at).toBeInstanceOf(TypeError);
      expect.soft(failure.message, at).toMatch(`.${name}q is not known (did you mean`);
    }
  });

  test(`${one.title} refuses a wrong type of each option`, async () => {
    for (const { base, path, at } of places) {
      if (example.anything?.includes(path.join('.'))) continue;
      const wrong = optionsWith(base, path, Symbol('wrong'));
      const failure = await failureOf(one, () => call(one, wrong));
      expect.soft(failure, at).toBeInstanceOf(TypeError);
      expect.soft(failure.message, at).toContain(path.at(-1));
    }
  });
});

afterAll(() => {
  expect(cases.length).toBeGreaterThan(50);
});
