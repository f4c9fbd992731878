import { expect, test } from 'vitest';
import type { TestReport } from '../test/reporter.js';
import type { RunReport } from '../test/reports.mjs';
import { judge, testsOf } from './matrix.mjs';

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
  const unrun = (...some: RunReport[]) => judge(testsOf(some), []).unknown;
  expect(unrun(...reports)).toEqual([]);
  expect(unrun(...reports.slice(0, 2))).toEqual([
    {
      path: `packages/x/${file}`,
      name: 'elsewhere',
      ran: new Set(),
      reasons: new Set(['no module (root, Linux 6.18.1)', 'no module (user, Linux 6.18.1)']),
    },
  ]);
});

test('a run of several packages at once tells of the same tests', () => {
  const own = run('6.18.1', 'root', [skipped('it', 'no module')]);
  const path = `packages/x/${file}`;
  const whole = { ...run('6.1.0', 'root', [{ ...passed('it'), file: path }]), project: '' };
  expect(testsOf([own, whole])).toMatchObject([{ path, name: 'it', ran: new Set(['6.1.0']) }]);
});

test('tests of the same title in two packages are two', () => {
  const own = run('6.1.0', 'root', [passed('it works')]);
  expect(testsOf([own, { ...own, project: 'packages/y' }])).toHaveLength(2);
});

test('a test that no kernel runs is known with its reason, or wrong; so is an outdated exception', () => {
  const tests = testsOf([
    run('6.1.0', 'root', [passed('a'), skipped('b', 'x'), skipped('c', 'y')]),
  ]);
  const expected = (...names: string[]) =>
    names.map((name) => ({ path: `packages/x/${file}`, name, reason: 'too new' }));
  expect(judge(tests, expected('b', 'c'))).toEqual({
    unknown: [],
    excused: expected('b', 'c'),
    stale: [],
  });
  expect(judge(tests, expected('a', 'b', 'renamed'))).toMatchObject({
    unknown: [{ name: 'c' }],
    excused: expected('b'),
    stale: expected('a', 'renamed'),
  });
});
