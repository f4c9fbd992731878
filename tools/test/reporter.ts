// Says why a test was skipped, and leaves the counts where $NS_TEST_REPORT says.
import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule, Vitest } from 'vitest/node';

/** The counts of one run. */
export interface Report {
  passed: number;
  failed: number;
  skipped: number;
}

// Vitest takes the default export of a reporter's file.
// biome-ignore lint/style/noDefaultExport: see above
export default class implements Reporter {
  #filtered = false;

  onInit(vitest: Vitest): void {
    this.#filtered = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const report: Report = { passed: 0, failed: unhandled.length, skipped: 0 };
    for (const module of modules) {
      let failedInside = 0;
      for (const test of module.children.allTests()) {
        const result = test.result();
        const where = `${module.relativeModuleId} > ${test.fullName}`;
        if (result.state === 'passed') report.passed++;
        else if (result.state === 'failed') failedInside++;
        else if (result.state === 'pending') {
          console.error(`not finished: ${where}`);
          failedInside++;
        } else if (this.#filtered || result.note !== undefined || !module.ok()) {
          report.skipped++;
          if (result.note !== undefined) console.log(`skipped: ${where}: ${result.note}`);
        } else {
          // What hides behind a silent skip is never found again.
          console.error(`skipped without a reason: ${where}: call skip('because ...')`);
          failedInside++;
          process.exitCode = 1;
        }
      }
      // A file that fails outside of its tests, in a hook or while it loads.
      report.failed += failedInside > 0 || module.ok() ? failedInside : 1;
    }
    const path = process.env.NS_TEST_REPORT;
    if (path !== undefined) writeFileSync(path, JSON.stringify(report));
  }
}
