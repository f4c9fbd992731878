import { expect, test } from 'vitest';
import type { TestReport } from '../test/reporter.js';
import type { RunReport } from '../test/reports.mjs';
import { needsLaterKernel, testsOf, unrunTests } from './matrix.mjs';

const run = (kernel: string, user: string, tests: TestReport[]): RunReport => ({
  project: 'packages/x',
  user,
  kernel,
  passed: 0,
  failed: 0,
  skipped: 0,
  tests,
});
const file = 'src/a.test.ts';
const skipped = (name: string, reason: string): TestReport => ({
  file,
  name,
  state: 'skipped',
  reason,
});
const passed = (name: string): TestReport => ({ file, name, state: 'passed' });

test('a test that one user or one kernel has run is not left out', () => {
  const reports = [
    run('6.18.1', 'root', [passed('as root'), skipped('elsewhere', 'no module')]),
    run('6.18.1', 'user', [skipped('as root', 'needs root'), skipped('elsewhere', 'no module')]),
    run('6.1.0', 'root', [{ file, name: 'elsewhere', state: 'failed' }]),
  ];
  expect(unrunTests(reports)).toEqual([]);
  expect(unrunTests(reports.slice(0, 2))).toEqual([
    {
      path: `packages/x/${file}`,
      name: 'elsewhere',
      ran: new Set(),
      reasons: new Set(['no module (root, Linux 6.18.1)', 'no module (user, Linux 6.18.1)']),
    },
  ]);
});

test('tests of the same title in two packages are two', () => {
  const own = run('6.1.0', 'root', [passed('it works')]);
  expect(testsOf([own, { ...own, project: 'packages/y' }])).toHaveLength(2);
});

test('only a kernel later than all of these excuses a test that none has run', () => {
  const waits = (reason: string) =>
    unrunTests([run('6.18.44', 'root', [skipped('it', reason)])]).map((it) =>
      needsLaterKernel(it, ['6.18.44', '6.1.0-56-amd64']),
    );
  expect(waits('needs Linux 6.19, this is 6.18.44')).toEqual([true]);
  expect(waits('needs listns of Linux 7.0, this is 6.18.44')).toEqual([true]);
  expect(waits('needs Linux 6.11, this is 6.1.0')).toEqual([false]);
  expect(waits('needs Linux 6.18, this is 6.1.0')).toEqual([false]);
  expect(waits('there is no such module')).toEqual([false]);
});
