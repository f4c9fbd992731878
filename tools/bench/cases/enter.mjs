// Into a network namespace and back, on the calling thread.
import { hrtime } from 'node:process';
import { createNamespace } from '@ns/core';
import { peer } from '../peer.mjs';

const COUNT = 1000;

function contenders() {
  const namespace = createNamespace('net');
  const nothing = () => {};
  return [
    {
      name: 'Namespace.enter',
      measure() {
        const started = hrtime.bigint();
        for (let i = 0; i < COUNT; i++) namespace.enter(nothing);
        return Number(hrtime.bigint() - started) / COUNT;
      },
    },
    { name: 'C', measure: peer('enter', [String(COUNT)]) },
  ];
}

/** @type {import('../suite.ts').Suite} */
export const suite = {
  title: 'A function in another namespace',
  about: `Into a network namespace and back with an empty function inside, the mean of ${COUNT} in a row. C is
setns(2) there and setns(2) back.`,
  heaps: ['small', '1 GB'],
  tail: 90,
  burst: 3,
  groups() {
    const skip = process.getuid?.() === 0 ? undefined : 'entering a network namespace needs root';
    return [
      {
        name: 'enter and come back: net',
        contenders: skip === undefined ? contenders() : [],
        targets: [{ of: 'Namespace.enter', against: 'C', atMost: 1.5 }],
        skip,
      },
    ];
  },
};
