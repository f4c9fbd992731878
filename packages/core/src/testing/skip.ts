// Skips that say why.

/** A test that can be skipped while it runs: the context of a vitest test is one. */
export interface SkippableTest {
  skip(reason: string): void;
}

/** True if the tests run as root. */
export const isRoot = process.geteuid?.() === 0;

/** Skips the test unless it runs as root. */
export function skipUnlessRoot(test: SkippableTest): void {
  if (!isRoot) test.skip('needs root');
}

/** Skips the test if it runs as root. */
export function skipIfRoot(test: SkippableTest): void {
  if (isRoot) test.skip('is about an ordinary user');
}
