// Which tests the machine runs, and the script for it.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projects, root } from '../test/reports.mjs';
import { unrunTests } from './matrix.mjs';

/** All files with tests, by their path in the tree. */
export function testFiles() {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.test.ts'];
  const files = execFileSync('git', list, { cwd: root, encoding: 'utf8' }).split('\0');
  return files.filter((file) => file !== '' && existsSync(join(root, file)));
}

/**
 * The files whose path contains one of the words, and those with a test that nothing in the reports
 * has run. Without words and reports: all.
 *
 * @param {readonly string[]} files
 * @param {readonly string[]} words
 * @param {readonly import('../test/reports.mjs').RunReport[]} [reports]
 */
export function choose(files, words, reports) {
  if (words.length === 0 && reports === undefined) return [...files];
  const unrun = new Set(unrunTests(reports ?? []).map(({ path }) => path));
  return files.filter((file) => unrun.has(file) || words.some((word) => file.includes(word)));
}

/** @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * Runs each project's files by its own test script, as `npm test` would.
 *
 * @param {readonly string[]} files
 * @param {Record<string, string>} environment
 */
export function testScript(files, environment) {
  const lines = Object.entries(environment).map(
    ([name, value]) => `export ${name}=${quoted(value)}`,
  );
  lines.push(`PATH=${quoted(dirname(process.execPath))}:$PATH`, 'failed=0');
  for (const project of projects()) {
    const own = files.filter((file) => file.startsWith(`${project}/`));
    if (own.length === 0) continue;
    const manifest = JSON.parse(readFileSync(join(root, project, 'package.json'), 'utf8'));
    const names = own.map((file) => quoted(file.slice(project.length + 1)));
    lines.push(
      `(cd ${quoted(project)} && ${manifest.scripts.test} ${names.join(' ')}) || failed=1`,
    );
  }
  lines.push('exit $failed', '');
  return lines.join('\n');
}
