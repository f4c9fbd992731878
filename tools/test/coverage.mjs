// Runs test:fast, and prints the part of the statements of each package that it executes.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { root } from './reports.mjs';

const directory = mkdtempSync(join(tmpdir(), 'ns-coverage-'));
try {
  const { status } = spawnSync(
    process.execPath,
    [
      ...['node_modules/vitest/vitest.mjs', 'run', '--configLoader', 'runner'],
      ...['--config', 'tools/test/fast.config.ts', '--coverage'],
      `--coverage.reportsDirectory=${directory}`,
      ...process.argv.slice(2),
    ],
    { cwd: root, stdio: 'inherit' },
  );
  process.exitCode = status ?? 1;
  if (status === 0)
    print(JSON.parse(readFileSync(join(directory, 'coverage-summary.json'), 'utf8')));
} finally {
  rmSync(directory, { recursive: true });
}

/** @param {{ [file: string]: { statements: { covered: number, total: number } } }} summary */
function print(summary) {
  /** @type {Map<string, { covered: number, total: number }>} */
  const packages = new Map();
  for (const [file, { statements }] of Object.entries(summary)) {
    if (statements.total === 0) continue; // only types
    const name = file === 'total' ? 'all packages' : relative(root, file).split('/')[1];
    const sum = packages.get(name ?? '') ?? { covered: 0, total: 0 };
    sum.covered += statements.covered;
    sum.total += statements.total;
    packages.set(name ?? '', sum);
  }
  console.log('\nstatements that test:fast executes');
  for (const [name, { covered, total }] of [...packages].sort(([a], [b]) => a.localeCompare(b))) {
    const percent = `${((100 * covered) / total).toFixed(1)} %`;
    console.log(`${name.padEnd(16)}${percent.padStart(8)}  ${covered} of ${total}`);
  }
}
