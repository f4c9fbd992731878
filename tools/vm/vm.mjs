// Runs tests on Debian's kernel in a virtual machine. See CONTRIBUTING.md.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machineResults, readReports, root } from '../test/reports.mjs';
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
  NS_TEST_RESULTS: '/run/share/results',
  NS_TEST_SLOWNESS: '10',
};

async function main() {
  const reports = values.skipped ? readReports(root) : undefined;
  const files = choose(aboutKernel(testFiles()), values.filter, reports);
  const script = values.command ?? testScript(files, environment);
  if (values.command === undefined) {
    console.log(
      `${files.length} files with tests:\n${files.map((file) => `  ${file}\n`).join('')}`,
    );
    if (files.length === 0) return;
    rmSync(machineResults, { recursive: true, force: true });
  }
  const directory = join(root, 'tools/vm/tmp');
  mkdirSync(directory, { recursive: true });
  const kernel = debianKernel(join(directory, 'kernels'));
  process.exitCode = await runInMachine(kernel, {
    tree: root.replace(/\/$/, ''),
    directory,
    script,
    limit: Number(values.limit) * 60,
  });
  if (values.command !== undefined) return;
  for (const { user, passed, failed, skipped } of readReports(machineResults)) {
    console.log(`as ${user}: ${passed} passed, ${failed} failed, ${skipped} skipped`);
  }
}

// The machine ends with this process, however it ends.
process.once('SIGTERM', () => process.exit(143));

if (values.help) console.log(usage);
else await main();
