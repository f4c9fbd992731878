// What an archive may have of entries and files: too many to make them (SECURITY.md S4).
import { expect, test } from 'vitest';
import { Budget } from './budget.js';

const MILLION = 1_000_000;

test('Budget.entry throws at the first entry beyond a million', () => {
  const budget = new Budget(Number.MAX_SAFE_INTEGER);
  for (let i = 0; i < MILLION; i++) budget.entry();
  expect(() => budget.entry()).toThrow('it has more than 1000000 entries');
});

test('Budget.make throws at the first file beyond a million, also if no entry names it', () => {
  const budget = new Budget(Number.MAX_SAFE_INTEGER);
  for (let i = 0; i < MILLION; i++) budget.make();
  expect(() => budget.make()).toThrow('it makes more than 1000000 files and directories');
});
