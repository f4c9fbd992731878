// Measures a suite: one process for each heap size, all of them asked in turn, so that what else the
// machine does while the benchmark runs hits all contenders at all heap sizes.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { environment } from './environment.mjs';
import { shuffled } from './statistics.mjs';

/** @typedef {import('./suite.ts').Heap} Heap */
/** @typedef {import('./suite.ts').Measured} Measured */
/** @typedef {import('./suite.ts').Ready} Ready */
/** @typedef {import('./suite.ts').Round} Round */

const worker = fileURLToPath(new URL('worker.mjs', import.meta.url));

/** @type {Readonly<Record<Heap, number>>} */
const MEGABYTES = { small: 0, '250 MB': 250, '1 GB': 1024 };

/**
 * The next message of a worker.
 *
 * @template T
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<T>}
 */
function answer(child) {
  return new Promise((resolve, reject) => {
    /** @param {unknown} message */
    const onMessage = (message) => {
      child.off('exit', onExit);
      resolve(/** @type {T} */ (message));
    };
    /**
     * @param {number | null} code
     * @param {NodeJS.Signals | null} signal
     */
    const onExit = (code, signal) => {
      child.off('message', onMessage);
      reject(new Error(`a measuring process ended: ${signal ?? `code ${code}`}`));
    };
    child.once('message', onMessage);
    child.once('exit', onExit);
  });
}

/**
 * @param {string} file of the suite
 * @param {{ heaps: readonly Heap[], filter: string, rounds: number, onRound(done: number): void }} options
 */
export async function measure(file, { heaps, filter, rounds, onRound }) {
  const workers = heaps.map((heap) => ({
    heap,
    child: fork(worker, [file, String(MEGABYTES[heap]), filter], { env: environment }),
  }));
  try {
    /** @type {Ready[]} */
    const ready = await Promise.all(workers.map(({ child }) => answer(child)));
    const groups = (ready[0]?.groups ?? []).map((group) => ({
      ...group,
      measured: /** @type {Measured} */ ({}),
    }));
    const open = groups.flatMap((group, index) => (group.skip === undefined ? [index] : []));
    for (let done = 1; done <= rounds && open.length > 0; done++) {
      for (const index of shuffled(open)) {
        for (const { heap, child } of shuffled(workers)) {
          child.send(index);
          const round = /** @type {Round} */ (await answer(child));
          const { measured = {} } = groups[index] ?? {};
          measured[heap] = [...(measured[heap] ?? []), round];
        }
      }
      onRound(done);
    }
    const resident = Object.fromEntries(heaps.map((heap, i) => [heap, ready[i]?.resident]));
    return { groups, resident };
  } finally {
    for (const { child } of workers) if (child.connected) child.disconnect();
  }
}
