// After every test the process must be what it was before: no descriptor more, no child left, and
// every thread in the namespaces that the file started in.
//
// Tests of one file therefore run one after the other: no `test.concurrent`.
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeEach } from 'vitest';
import { currentState, leftBehind, type State } from './left-behind.js';

// nx asks everything below it for colours. What tests start shall write plain text.
delete process.env.FORCE_COLOR;

const start = currentState();

/** Gives what ends on its own, such as a stream about to close, two seconds to do so. */
async function unchanged(before: State): Promise<void> {
  let found = leftBehind(before);
  for (let waits = 0; found.length > 0 && waits < 200; waits++) {
    await delay(10);
    found = leftBehind(before);
  }
  if (found.length > 0) throw new Error(`Left behind:\n${found.join('\n')}`);
}

// onTestFinished, registered first, runs after every other hook and clean-up of the test.
beforeEach(({ onTestFinished }) => {
  const before = { ...currentState(), namespaces: start.namespaces };
  onTestFinished(() => unchanged(before));
});
afterAll(() => unchanged(start));
