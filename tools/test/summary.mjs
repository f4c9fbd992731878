// Prints the sum of all test runs. `node summary.mjs [n]` adds n failures from outside of the tests.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const parents = ['packages', 'tools'].flatMap((parent) =>
  readdirSync(join(root, parent)).map((name) => join(parent, name)),
);
const sum = { passed: 0, failed: Number(process.argv[2] ?? 0), skipped: 0 };
for (const project of [...parents, 'examples']) {
  const results = join(root, project, 'tmp/test-results');
  if (!existsSync(results)) continue;
  for (const file of readdirSync(results)) {
    /** @type {import('./reporter.js').Report} */
    const report = JSON.parse(readFileSync(join(results, file), 'utf8'));
    sum.passed += report.passed;
    sum.failed += report.failed;
    sum.skipped += report.skipped;
  }
}
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed > 0 ? 1 : 0;
