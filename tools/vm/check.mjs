// Fails unless every test ran on this machine's kernel or on the virtual one, by the reports of both.
import { machineResults, readReports, root } from '../test/reports.mjs';
import { needsLaterKernel, testsOf } from './matrix.mjs';
import { testFiles } from './plan.mjs';

const reports = [root, machineResults].flatMap(readReports);
const kernels = [...new Set(reports.map(({ kernel }) => kernel))];
const tests = testsOf(reports);

for (const kernel of kernels) {
  console.log(`${tests.filter(({ ran }) => ran.has(kernel)).length} tests ran on Linux ${kernel}`);
}
const unrun = tests.filter(({ ran }) => ran.size === 0);
for (const test of unrun) {
  const early = needsLaterKernel(test, kernels);
  if (!early) process.exitCode = 1;
  console.log(`${early ? 'waits for a later kernel' : 'NEVER RUN'}: ${test.path} > ${test.name}`);
  for (const reason of test.reasons) console.log(`    ${reason}`);
}
const reported = new Set(tests.map(({ path }) => path));
for (const file of testFiles().filter((path) => !reported.has(path))) {
  process.exitCode = 1;
  console.log(`NEVER RUN: ${file}: no report has it`);
}
if (process.exitCode === undefined) console.log(`none of ${tests.length} tests was left out`);
