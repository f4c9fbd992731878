// What the reports of several kernels say together.

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
      const path = `${project}/${file}`;
      const key = `${path} > ${name}`;
      const test = tests.get(key) ?? { path, name, ran: new Set(), reasons: new Set() };
      tests.set(key, test);
      if (state === 'skipped') test.reasons.add(`${reason} (${user}, Linux ${kernel})`);
      else test.ran.add(kernel);
    }
  }
  return [...tests.values()];
}

/**
 * Tests that were skipped wherever they were reported.
 *
 * @param {readonly RunReport[]} reports
 */
export const unrunTests = (reports) => testsOf(reports).filter(({ ran }) => ran.size === 0);

/** @param {string} version */
function comparable(version) {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) * 1000 + Number(minor);
}

/**
 * Whether a test is ahead of its time: it was skipped because it needs a kernel later than all of
 * these, in the words of `skipUnlessKernel` and `skipUnlessFeature`.
 *
 * @param {Test} test
 * @param {Iterable<string>} kernels
 */
export function needsLaterKernel({ reasons }, kernels) {
  const latest = Math.max(...Array.from(kernels, comparable));
  return [...reasons].some((reason) => {
    const [, needed] = /^needs (?:.* of )?Linux (\d+\.\d+), this is /.exec(reason) ?? [];
    return needed !== undefined && comparable(needed) > latest;
  });
}
