// Which tests the machine runs, and the script for it.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projects, root } from '../test/reports.mjs';
import { exceptions } from './exceptions.mjs';
import { judge, testsOf } from './matrix.mjs';

/** All files with tests, by their path in the tree. */
export function testFiles() {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.test.ts'];
  const files = execFileSync('git', list, { cwd: root, encoding: 'utf8' }).split('\0');
  return files.filter((file) => file !== '' && existsSync(join(root, file)));
}

/**
 * The files whose path contains one of the words, and those with a test that nothing in the reports
 * has run and that the machine may run. Without words and reports: all.
 *
 * @param {readonly string[]} files
 * @param {readonly string[]} words
 * @param {readonly import('../test/reports.mjs').RunReport[]} [reports]
 */
export function choose(files, words, reports) {
  if (words.length === 0 && reports === undefined) return [...files];
  const { unknown } = judge(testsOf(reports ?? []), exceptions);
  const unrun = new Set(unknown.map(({ path }) => path));
  return files.filter((file) => unrun.has(file) || words.some((word) => file.includes(word)));
}

/**
 * Those that say something about a kernel: all but the ones that `npm test` runs once, which are
 * about the tree.
 *
 * @param {readonly string[]} files
 */
export function aboutKernel(files) {
  const others = projects().filter((project) => {
    const manifest = JSON.parse(readFileSync(join(root, project, 'package.json'), 'utf8'));
    return manifest.scripts.test.includes('--once');
  });
  return files.filter((file) => !others.some((project) => file.startsWith(`${project}/`)));
}

/** @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * Runs the files in one go: each start of vitest costs an emulated machine half a minute.
 *
 * @param {readonly string[]} files
 * @param {Record<string, string>} environment
 */
export function testScript(files, environment) {
  const lines = Object.entries(environment).map(
    ([name, value]) => `export ${name}=${quoted(value)}`,
  );
  lines.push(`PATH=${quoted(dirname(process.execPath))}:$PATH`);
  lines.push(`node tools/test/run.mjs ${files.map(quoted).join(' ')}`, '');
  return lines.join('\n');
}
