// Where the reports of the test runs lie, and reading them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The tree. The reports of this machine are in it. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Directory that the host and the virtual machine share. */
export const machineShare = join(root, 'tools/vm/tmp/share');

/** Directories there for reports: of the machine as it starts, and with systemd. */
export const [plainResults, systemdResults] = /** @type {const} */ (['results', 'systemd-results']);

/** Below these are the reports of the virtual machine. */
export const machineResults = [plainResults, systemdResults].map((name) =>
  join(machineShare, name),
);

/** Everything with tests, by its path in the tree. */
export function projects() {
  const parents = ['packages', 'tools'].flatMap((parent) =>
    readdirSync(join(root, parent)).map((name) => `${parent}/${name}`),
  );
  return [...parents, 'examples'].filter((project) => {
    const manifest = join(root, project, 'package.json');
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).scripts?.test;
  });
}

/**
 * @param {string} base the tree, or another directory for its reports
 * @param {string} project
 */
export const resultsOf = (base, project) => join(base, project, 'tmp/test-results');

/** @typedef {import('./reporter.js').Report & { project: string, user: string }} RunReport */

/**
 * All reports below a base.
 *
 * @param {string} base
 * @returns {RunReport[]}
 */
export function readReports(base) {
  // The last is for runs of several packages at once, where paths of files begin at the tree.
  return [...projects(), ''].flatMap((project) => {
    const results = resultsOf(base, project);
    const files = existsSync(results) ? readdirSync(results) : [];
    return files.map((file) => ({
      ...JSON.parse(readFileSync(join(results, file), 'utf8')),
      project,
      user: file.replace('.json', ''),
    }));
  });
}
