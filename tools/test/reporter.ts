// Says why a test was skipped, and leaves what became of each test where $NS_TEST_REPORT says.
//
// A test that blocks its thread is out of reach of its own time limit: if no test has ended
// for long, the run says which files hang, and fails.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';

/** Result of one test. */
export interface TestReport {
  /** Path below the package. */
  file: string;
  /** Its title, after those of the groups around it. */
  name: string;
  state: 'passed' | 'failed' | 'skipped';
  /** Reason why it was skipped. */
  reason?: string;
}

/** One run of a package's tests as one user. */
export interface Report {
  /** As `uname -r` tells it. */
  kernel: string;
  passed: number;
  failed: number;
  skipped: number;
  tests: TestReport[];
}

function reportOf(test: TestCase, file: string): TestReport {
  const result = test.result();
  const state = result.state === 'pending' ? 'failed' : result.state;
  const report: TestReport = { file, name: test.fullName, state };
  if (result.state === 'skipped' && result.note !== undefined) report.reason = result.note;
  if (result.state === 'pending') console.error(`not finished: ${file} > ${test.fullName}`);
  return report;
}

/** Milliseconds without the end of any test after which the run ends; 20 times the limit of one test. */
const silence = Number(process.env.NS_TEST_SLOWNESS ?? 1) * 600_000;

/** Ends the processes in which files run. */
function killWorkers(): void {
  for (const thread of readdirSync('/proc/self/task')) {
    const children = readFileSync(`/proc/self/task/${thread}/children`, 'utf8');
    for (const pid of children.split(' ').filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
  }
}

// Vitest takes the default export of a reporter's file.
// biome-ignore lint/style/noDefaultExport: see above
export default class implements Reporter {
  #filtered = false;
  readonly #running = new Set<TestModule>();
  #watch: NodeJS.Timeout | undefined;

  onInit(vitest: Vitest): void {
    this.#filtered = vitest.config.testNamePattern !== undefined;
    this.#expectNews();
  }

  onTestModuleQueued(module: TestModule): void {
    this.#running.add(module);
    this.#expectNews();
  }

  onTestCaseResult(): void {
    this.#expectNews();
  }

  onTestModuleEnd(module: TestModule): void {
    this.#running.delete(module);
    this.#expectNews();
  }

  #expectNews(): void {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => {
      for (const { relativeModuleId } of this.#running) console.error(`hangs: ${relativeModuleId}`);
      killWorkers();
      process.exit(1);
    }, silence).unref();
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    clearTimeout(this.#watch);
    const report: Report = {
      kernel: release(),
      passed: 0,
      failed: unhandled.length,
      skipped: 0,
      tests: [],
    };
    for (const module of modules) {
      let failedInside = 0;
      for (const testCase of module.children.allTests()) {
        const test = reportOf(testCase, module.relativeModuleId);
        const where = `${test.file} > ${test.name}`;
        report.tests.push(test);
        if (test.state === 'passed') report.passed++;
        else if (test.state === 'failed') failedInside++;
        else if (this.#filtered || test.reason !== undefined || !module.ok()) {
          report.skipped++;
          if (test.reason !== undefined) console.log(`skipped: ${where}: ${test.reason}`);
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
