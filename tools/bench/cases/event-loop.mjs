// How long starting a child keeps everything else in the process waiting.
import { readFileSync } from 'node:fs';
import { hrtime } from 'node:process';
import { spawn } from '@ns/core';
import { command } from '../children.mjs';
import { sets } from '../sets.mjs';

const stdio = 'ignore';
const PAUSE_MS = 2;

/**
 * The longest time that the event loop took for one turn, from the start of something to its end.
 *
 * @param {() => Promise<unknown>} start
 */
async function longestTurn(start) {
  let longest = 0n;
  let last = hrtime.bigint();
  let over = false;
  const turn = () => {
    const now = hrtime.bigint();
    if (now - last > longest) longest = now - last;
    last = now;
    if (!over) setImmediate(turn);
  };
  await new Promise((resolve) => setImmediate(resolve));
  setImmediate(turn);
  last = hrtime.bigint();
  await start();
  await new Promise((resolve) => setImmediate(resolve));
  over = true;
  return Number(longest);
}

/** Nanoseconds that the calling thread has spent at work: not waiting, and not waiting for its turn. */
const atWork = () => Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0]);

/**
 * Returns the work of the event loop's thread until the promise of `start` settles, in nanoseconds. It
 * is an upper limit for one turn of the loop, and does not depend on the load of the machine.
 *
 * @param {() => Promise<unknown>} start
 */
async function work(start) {
  const before = atWork();
  await start();
  return atWork() - before;
}

/** @type {import('../suite.ts').Suite} */
export const suite = {
  title: 'The event loop meanwhile',
  about: `The longest turn of a busy event loop from the call of spawn to the exit of \`/bin/true\`: what a server's
other requests have to wait. A pause in which nothing is spawned shows what the machine adds. The work is
the processor time of the event loop's thread alone, with an otherwise idle loop, from the call to the exit: all turns
together, without what the machine adds.`,
  heaps: ['small', '250 MB', '1 GB'],
  tail: 99,
  burst: 5,
  groups: () =>
    sets()
      .filter(({ types }) => types.length === 0 || types.length === 8 || types[0] === 'net')
      .map(({ name, types, specs, unshare, skip }) => {
        const ours = async () => {
          const child = await spawn('/bin/true', [], { stdio, namespaces: specs() });
          await child.exited;
        };
        const words = unshare ?? ['/bin/true'];
        const theirs =
          types.length === 0 ? 'child_process.spawn' : 'child_process.spawn of unshare';
        return {
          name: `longest turn while /bin/true starts in ${name}`,
          contenders: [
            { name: 'spawn', measure: () => longestTurn(ours) },
            { name: theirs, measure: () => longestTurn(() => command(words, stdio)) },
            {
              name: `a pause of ${PAUSE_MS} ms`,
              measure: () =>
                longestTurn(() => new Promise((resolve) => setTimeout(resolve, PAUSE_MS))),
            },
            { name: 'spawn: its work', measure: () => work(ours) },
            { name: `${theirs}: its work`, measure: () => work(() => command(words, stdio)) },
          ],
          targets: [
            { of: 'spawn', against: theirs, atMost: 1 },
            { of: 'spawn: its work', milliseconds: 1 },
          ],
          skip,
        };
      }),
};
