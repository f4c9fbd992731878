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
 * Returns the ratio of two times: the median over the rounds. In each round both are measured within the
 * same fraction of a second, so that other load of the machine hits both.
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
