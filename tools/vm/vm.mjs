// Runs tests on Debian's kernel in a virtual machine. See CONTRIBUTING.md.
import { mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  machineResults,
  plainResults,
  readReports,
  root,
  systemdResults,
} from '../test/reports.mjs';
import { debianKernel } from './kernel.mjs';
import { runInMachine } from './machine.mjs';
import { aboutKernel, choose, testFiles, testScript } from './plan.mjs';

const usage = `npm run test:vm -- [options]

  --filter WORD      only files whose path contains the word; may be given again
  --skipped          only (or also) files with a test that this machine has skipped
  --command COMMAND  runs this in the machine, and no tests
  --limit MINUTES    ends the machine after that time (90)

The console of the machine is kept in tools/vm/tmp/console.log.`;

const { values } = parseArgs({
  options: {
    filter: { type: 'string', multiple: true, default: [] },
    skipped: { type: 'boolean', default: false },
    command: { type: 'string' },
    limit: { type: 'string', default: '90' },
    help: { type: 'boolean', default: false },
  },
});

/** Without hardware to help, the machine emulates each instruction. */
const environment = {
  CI: 'true',
  NO_COLOR: '1',
  // Its hundred modules would be transformed and imported one by one for each file with tests.
  NS_TEST_BUILT: '1',
  NS_TEST_SLOWNESS: '10',
};

/**
 * The scripts for the files, if there are any: some need a machine that systemd runs.
 *
 * @param {readonly string[]} files
 */
function scriptsFor(files) {
  const script = (/** @type {readonly string[]} */ some, /** @type {string} */ results) =>
    some.length === 0
      ? undefined
      : testScript(some, { ...environment, NS_TEST_RESULTS: `/run/share/${results}` });
  const needsSystemd = (/** @type {string} */ file) => basename(file) === 'systemd.test.ts';
  return {
    script: script(
      files.filter((file) => !needsSystemd(file)),
      plainResults,
    ),
    systemdScript: script(files.filter(needsSystemd), systemdResults),
  };
}

async function main() {
  const { command, filter, skipped, limit } = values;
  const files =
    command === undefined
      ? choose(aboutKernel(testFiles()), filter, skipped ? readReports(root) : undefined)
      : [];
  if (command === undefined) {
    console.log(
      `${files.length} files with tests:\n${files.map((file) => `  ${file}\n`).join('')}`,
    );
    if (files.length === 0) return;
    for (const results of machineResults) rmSync(results, { recursive: true, force: true });
  }
  const directory = join(root, 'tools/vm/tmp');
  mkdirSync(directory, { recursive: true });
  process.exitCode = await runInMachine(debianKernel(join(directory, 'kernels')), {
    tree: root.replace(/\/$/, ''),
    directory,
    limit: Number(limit) * 60,
    ...(command === undefined ? scriptsFor(files) : { script: command, systemdScript: undefined }),
  });
  if (command !== undefined) return;
  for (const { user, passed, failed, skipped: left } of machineResults.flatMap(readReports)) {
    console.log(`as ${user}: ${passed} passed, ${failed} failed, ${left} skipped`);
  }
}

// The machine ends with this process, however it ends.
process.once('SIGTERM', () => process.exit(143));

if (values.help) console.log(usage);
else await main();
