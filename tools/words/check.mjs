// Looks for phrases.mjs in comments, documents, errors and titles of tests: `node tools/words/check.mjs [path…]`.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { phrases } from './phrases.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const kinds = ['*.ts', '*.mts', '*.mjs', '*.md', '*.c', '*.h', '*.py'];

/** Files of the repository that people read. @param {readonly string[]} paths */
function files(paths) {
  const listed = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', ...kinds],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  const isMeant = (/** @type {string} */ file) =>
    paths.length === 0 || paths.some((path) => file.startsWith(path));
  return listed
    .split('\n')
    .filter((file) => file !== '' && !file.startsWith('tools/words/') && isMeant(file));
}

/** The part of a line that is prose: of code, comments and quoted texts. @param {string} file @param {string} line */
function prose(file, line) {
  if (file.endsWith('.md')) return line.replaceAll(/`[^`]*`/g, '``');
  const comment = /(?:^|\s)(?:\/\/|\/?\*\*?(?:\s|$)|#\s)(.*)$/.exec(line);
  if (comment) return line.replaceAll(/`[^`]*`/g, '``');
  const quoted = [...line.matchAll(/'([^']* [^']*)'|"([^"]* [^"]*)"|`([^`]* [^`]*)`/g)];
  return quoted.map((match) => match[0].slice(1, -1)).join(' | ');
}

let found = 0;
for (const file of files(process.argv.slice(2))) {
  for (const [i, line] of readFileSync(`${root}/${file}`, 'utf8').split('\n').entries()) {
    const text = prose(file, line);
    for (const { pattern, instead } of phrases) {
      const match = pattern.exec(text);
      if (!match) continue;
      found++;
      console.log(`${file}:${i + 1}: "${match[0].trim()}": write ${instead}`);
    }
  }
}
if (found > 0) {
  console.log(`${found} phrases that have to be read twice`);
  process.exitCode = 1;
}
