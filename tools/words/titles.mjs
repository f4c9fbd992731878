// Looks at the tests of each package: no title stands twice, none is a placeholder alone, and random
// numbers are those of a seed: `node tools/words/titles.mjs`.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));
const files = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', 'packages/*.test.ts'],
  { cwd: root, encoding: 'utf8' },
);

/** Returns the name that a call begins with: `test` for `test.each(…)(…)`. @param {ts.Expression} called */
function nameOf(called) {
  let head = called;
  while (ts.isCallExpression(head) || ts.isPropertyAccessExpression(head)) head = head.expression;
  return ts.isIdentifier(head) ? head.text : '';
}

/** Places of each title. @type {Map<string, string[]>} */
const places = new Map();
/** @type {string[]} */
const found = [];

/** @param {ts.Node} node @param {string} file @param {readonly string[]} groups titles around it */
function visit(node, file, groups) {
  let inner = groups;
  if (ts.isCallExpression(node)) {
    const [first] = node.arguments;
    const name = nameOf(node.expression);
    const title = first && (ts.isStringLiteralLike(first) || ts.isTemplateExpression(first));
    if (title && ['describe', 'it', 'test'].includes(name)) {
      const text = first.getText().slice(1, -1);
      const { line } = node.getSourceFile().getLineAndCharacterOfPosition(first.getStart());
      const place = `${file}:${line + 1}`;
      if (name !== 'describe' && /^\s*(%\w|\$[\w.]+|\$\{[^}]*\})\s*$/.test(text))
        found.push(`${place}: '${text}' says nothing alone`);
      if (name === 'describe') inner = [...groups, text];
      else {
        const key = [file.split('/')[1], ...groups, text].join(' > ');
        places.set(key, [...(places.get(key) ?? []), place]);
      }
    }
    if (node.expression.getText() === 'Math.random')
      found.push(`${file}: use seededRandom or fast-check`);
  }
  ts.forEachChild(node, (child) => visit(child, file, inner));
}

for (const file of files.split('\n').filter(Boolean)) {
  const text = readFileSync(`${root}/${file}`, 'utf8');
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true), file, []);
}
for (const [title, where] of places) {
  if (where.length > 1) found.push(`${where.join(', ')}: the title stands twice: ${title}`);
}
for (const line of found) console.log(line);
if (found.length > 0) process.exitCode = 1;
