// The process that measures: holds the requested amount of memory, makes the groups of one suite,
// and measures a round of a group on request. Arguments: file of the suite, megabytes, filter.
import { hrtime } from 'node:process';
import { shuffled } from './statistics.mjs';

/** @typedef {import('./suite.ts').Contender} Contender */
/** @typedef {import('./suite.ts').Ready} Ready */
/** @typedef {import('./suite.ts').Suite} Suite */

const MEBIBYTE = 1024 * 1024;
const [file = '', megabytes = '0', filter = ''] = process.argv.slice(2);

// Written to, so that the memory is there and has page tables; global, so that it stays.
const ballast = Array.from({ length: Number(megabytes) }, () => Buffer.alloc(MEBIBYTE, 1));
Object.assign(globalThis, { ballast });

/** @param {Contender} contender */
async function once({ name, run, measure }) {
  if (measure) return await measure();
  if (!run) throw new TypeError(`${name}: neither run nor measure`);
  const started = hrtime.bigint();
  const result = run();
  if (result instanceof Promise) await result;
  return Number(hrtime.bigint() - started);
}

const suite = /** @type {{ suite: Suite }} */ (await import(file)).suite;
const groups = (await suite.groups()).filter(({ name }) =>
  `${suite.title}: ${name}`.toLowerCase().includes(filter.toLowerCase()),
);

/**
 * One turn for each contender, in another order each time. The first run of a turn warms up.
 *
 * @param {number} index of the group
 */
async function round(index) {
  const contenders = groups[index]?.contenders.filter(({ skip }) => skip === undefined) ?? [];
  /** @type {Record<string, number[]>} */
  const samples = {};
  for (const contender of shuffled(contenders)) {
    await once(contender);
    const list = [];
    for (let i = 0; i < suite.burst; i++) list.push(await once(contender));
    samples[contender.name] = list;
  }
  return samples;
}

process.on('message', async (/** @type {number} */ index) => {
  process.send?.(await round(index));
});
process.on('disconnect', () => process.exit());

/** @type {Ready} */
const ready = {
  resident: process.memoryUsage.rss(),
  groups: groups.map(({ name, targets, skip, contenders }) => ({
    name,
    targets,
    skip,
    contenders: contenders.map((contender) => ({ name: contender.name, skip: contender.skip })),
  })),
};
process.send?.(ready);
