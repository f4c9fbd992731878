// What the reports of several kernels say together.
import { join } from 'node:path';

/** @typedef {import('../test/reports.mjs').RunReport} RunReport */

/**
 * @typedef {object} Test
 * @property {string} path of its file, in the tree
 * @property {string} name
 * @property {Set<string>} ran kernels that it ran on, as whichever user
 * @property {Set<string>} reasons why it was skipped elsewhere
 */

/**
 * One entry for each test, in whichever runs it is.
 *
 * @param {readonly RunReport[]} reports
 * @returns {Test[]}
 */
export function testsOf(reports) {
  /** @type {Map<string, Test>} */
  const tests = new Map();
  for (const { project, user, kernel, tests: results } of reports) {
    for (const { file, name, state, reason } of results) {
      const path = join(project, file);
      const key = `${path} > ${name}`;
      const test = tests.get(key) ?? { path, name, ran: new Set(), reasons: new Set() };
      tests.set(key, test);
      if (state === 'skipped') test.reasons.add(`${reason} (${user}, Linux ${kernel})`);
      else test.ran.add(kernel);
    }
  }
  return [...tests.values()];
}

/** @typedef {{ path: string, name: string, reason: string }} Exception */

/**
 * Finds the tests that no run has executed, and sorts them into known and unknown ones. An exception is
 * stale if its test has run or no longer exists.
 *
 * @param {readonly Test[]} tests
 * @param {readonly Exception[]} exceptions
 */
export function judge(tests, exceptions) {
  /** @param {{ path: string, name: string }} one */
  const key = ({ path, name }) => `${path} > ${name}`;
  const known = new Set(exceptions.map(key));
  const unrun = tests.filter(({ ran }) => ran.size === 0);
  const unrunKeys = new Set(unrun.map(key));
  return {
    unknown: unrun.filter((test) => !known.has(key(test))),
    excused: exceptions.filter((one) => unrunKeys.has(key(one))),
    stale: exceptions.filter((one) => !unrunKeys.has(key(one))),
  };
}
