// Prints the sum of all test runs. `node summary.mjs [n]` adds n failures from outside of the tests.
import { machineResults, readReports, root } from './reports.mjs';

const sum = { passed: 0, failed: Number(process.argv[2] ?? 0), skipped: 0 };
for (const report of [root, ...machineResults].flatMap(readReports)) {
  sum.passed += report.passed;
  sum.failed += report.failed;
  sum.skipped += report.skipped;
}
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed > 0 ? 1 : 0;
