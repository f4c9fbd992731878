// Random numbers that a failed test can have again.

/** A test that reports its failure: the context of a vitest test is one. */
export interface FailableTest {
  onTestFailed(action: () => void): void;
}

/**
 * Returns a function that returns numbers from 0 up to, not including, 1. `NS_TEST_SEED` sets their
 * seed, as it does for fast-check. If the test fails, the seed is printed.
 */
export function seededRandom(test: FailableTest): () => number {
  const seed = Number(process.env.NS_TEST_SEED || Date.now() % 0x8000_0000);
  test.onTestFailed(() => console.error(`random numbers: NS_TEST_SEED=${seed} gives them again`));
  let state = seed;
  // The generator mulberry32.
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
