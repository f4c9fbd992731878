// Medians, percentiles, and ratios of what was measured in turn.

/**
 * The smallest sample that at least this share of all does not exceed.
 *
 * @param {readonly number[]} samples
 * @param {number} percent
 */
export function percentile(samples, percent) {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN;
}

/** @param {readonly number[]} samples */
export const median = (samples) => percentile(samples, 50);

/**
 * How many times as long one took as another: the median over the rounds, in each of which both had
 * their turn within the same fraction of a second, so that what else the machine does hits both.
 *
 * @param {readonly (readonly number[])[]} ours samples of each round
 * @param {readonly (readonly number[])[]} theirs
 */
export function ratio(ours, theirs) {
  return median(ours.map((round, i) => median(round) / median(theirs[i] ?? [])));
}

/**
 * @template T
 * @param {readonly T[]} items
 */
export function shuffled(items) {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
