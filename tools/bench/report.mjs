// Tables of what was measured, as Markdown.
import { median, percentile, ratio } from './statistics.mjs';

/** @typedef {import('./suite.ts').Heap} Heap */
/** @typedef {import('./suite.ts').Measured} Measured */
/** @typedef {import('./suite.ts').Round} Round */
/** @typedef {import('./suite.ts').Suite} Suite */
/** @typedef {import('./suite.ts').Target} Target */
/** @typedef {Awaited<ReturnType<typeof import('./measure.mjs').measure>>} Result */
/** @typedef {Result['groups'][number]} Group */

/** @param {number} nanoseconds */
function duration(nanoseconds) {
  if (nanoseconds < 100_000) return `${(nanoseconds / 1e3).toPrecision(3)} µs`;
  return `${(nanoseconds / 1e6).toPrecision(3)} ms`;
}

/**
 * Samples of a contender, round by round.
 *
 * @param {readonly Round[] | undefined} rounds
 * @param {string} contender
 */
const of = (rounds = [], contender) => rounds.map((round) => round[contender] ?? []);

/**
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 */
function table(head, rows) {
  const lines = [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/**
 * Returns a table of the measurements of each contender, with the ratio of its time to the first one's.
 *
 * @param {Group} group
 * @param {readonly Heap[]} heaps
 */
export function numbers({ contenders, measured }, heaps) {
  const present = contenders.filter(({ skip }) => skip === undefined);
  const first = present[0]?.name ?? '';
  return present.map(({ name }) => ({
    name,
    heaps: heaps.map((heap) => {
      const rounds = of(measured[heap], name);
      const samples = rounds.flat();
      return {
        heap,
        median: median(samples),
        p90: percentile(samples, 90),
        p99: percentile(samples, 99),
        timesFirst: ratio(rounds, of(measured[heap], first)),
        samples: samples.length,
      };
    }),
  }));
}

/**
 * @param {Group} group
 * @param {Suite} suite
 */
export function groupReport(group, { heaps, tail }) {
  const title = `### ${group.name}\n`;
  if (group.skip !== undefined) return `${title}\nNot measured: ${group.skip}.\n`;
  const key = tail === 99 ? 'p99' : 'p90';
  const rows = numbers(group, heaps).map(({ name, heaps }, i) => [
    name,
    ...heaps.flatMap((cell) => [
      `${duration(cell.median)} (${duration(cell[key])})`,
      i === 0 ? '1' : cell.timesFirst.toFixed(2),
    ]),
  ]);
  const head = ['', ...heaps.flatMap((heap) => [`${heap}: median (${key})`, 'times'])];
  const missing = group.contenders
    .filter(({ skip }) => skip !== undefined)
    .map(({ name, skip }) => `Not measured: ${name}: ${skip}.\n`);
  return [title, table(head, rows), '', ...missing].join('\n');
}

/**
 * Each target of a group, at each heap, and what was reached.
 *
 * @param {Group} group
 * @param {readonly Heap[]} heaps
 */
export function targetResults({ name, contenders, targets, measured, skip }, heaps) {
  const here = new Set(contenders.filter((one) => one.skip === undefined).map((one) => one.name));
  return targets
    .filter((target) => {
      const against = ('against' in target && target.against) || target.of;
      return skip === undefined && here.has(target.of) && here.has(against);
    })
    .flatMap((target) =>
      heaps
        .filter((heap) => target.heaps?.includes(heap) ?? true)
        .map((heap) => {
          if ('milliseconds' in target) {
            const p99 = percentile(of(measured[heap], target.of).flat(), 99) / 1e6;
            const met = p99 <= target.milliseconds;
            return { group: name, ...target, heap, reached: p99, met };
          }
          const { against = target.of } = target;
          const others = target.against === undefined ? measured.small : measured[heap];
          const reached = ratio(of(measured[heap], target.of), of(others, against));
          return { group: name, ...target, heap, reached, met: reached <= target.atMost };
        }),
    );
}

/** @param {ReturnType<typeof targetResults>} results */
export function targetReport(results) {
  const rows = results.map((result) => {
    const { group, of, heap, reached, met } = result;
    const what = `${group}: ${of}`;
    const verdict = met ? 'met' : 'missed';
    if ('milliseconds' in result) {
      const limit = `99 of 100 in at most ${result.milliseconds} ms`;
      return [what, heap, limit, `${reached.toFixed(2)} ms`, verdict];
    }
    const { against = 'the small heap', atMost } = result;
    return [
      what,
      heap,
      atMost < 1
        ? `${(1 / atMost).toFixed(1)} times as fast as ${against}`
        : `at most ${atMost.toFixed(2)} of ${against}`,
      atMost < 1 ? (1 / reached).toFixed(2) : reached.toFixed(2),
      verdict,
    ];
  });
  return table(['what', 'heap', 'target', 'measured', ''], rows);
}
