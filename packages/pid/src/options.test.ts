import { pid as own } from 'node:process';
import { expect, test } from 'vitest';
import {
  getLastPid,
  getPidMax,
  initOf,
  Pidfd,
  processes,
  processTree,
  setPidMax,
  threads,
  translatePid,
  watchProcesses,
} from './index.js';

const takers: readonly (readonly [name: string, take: (options: never) => unknown])[] = [
  ['processes', processes],
  ['threads', threads],
  ['processTree', processTree],
  ['initOf', initOf],
  ['translatePid', (options) => translatePid(own, options)],
  ['watchProcesses', (options) => watchProcesses(() => {}, options)],
  ['getPidMax', getPidMax],
  ['setPidMax', (options) => setPidMax(1000, options)],
  ['getLastPid', getLastPid],
  ['Pidfd.open', (options) => Pidfd.open(own, options)],
];

test.each(takers)('%s refuses a mistyped option by its name', (_, take) => {
  expect(() => take({ ni: 1 } as never)).toThrow('options has no option ni; it has ');
  expect(() => take(1 as never)).toThrow('options must be an object: 1');
});

test('Pidfd.signal refuses a mistyped option by its name', () => {
  using self = Pidfd.open(own);
  expect(() => self.signal(0, { scpoe: 'process' } as never)).toThrow(
    'options has no option scpoe',
  );
});
