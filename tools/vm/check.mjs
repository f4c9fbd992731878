// Fails unless every test ran on this machine's kernel or on the virtual one, by the reports of both.
import { machineResults, readReports, root } from '../test/reports.mjs';
import { exceptions } from './exceptions.mjs';
import { judge, testsOf } from './matrix.mjs';
import { testFiles } from './plan.mjs';

const reports = [root, ...machineResults].flatMap(readReports);
const tests = testsOf(reports);
for (const kernel of new Set(reports.map(({ kernel }) => kernel))) {
  console.log(`${tests.filter(({ ran }) => ran.has(kernel)).length} tests ran on Linux ${kernel}`);
}

/** @param {string} text */
function fail(text) {
  process.exitCode = 1;
  console.log(text);
}

const { unknown, excused, stale } = judge(tests, exceptions);
for (const { path, name, reason } of excused) {
  console.log(`left out on purpose: ${path} > ${name}: ${reason}`);
}
for (const { path, name } of stale) {
  fail(`STALE in exceptions.mjs: ${path} > ${name}: it has run, or no longer exists`);
}
for (const { path, name, reasons } of unknown) {
  fail([`NEVER RUN: ${path} > ${name}`, ...reasons].join('\n    '));
}
const reported = new Set(tests.map(({ path }) => path));
for (const file of testFiles().filter((path) => !reported.has(path))) {
  fail(`NEVER RUN: ${file}: no report has it`);
}
if (process.exitCode === undefined) {
  console.log(`${tests.length - excused.length} of ${tests.length} tests have run`);
}
