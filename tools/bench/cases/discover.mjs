// All namespaces of a machine with many processes.
import { spawn } from 'node:child_process';
import { discover, listNamespaces } from '@ns/core';
import { command } from '../children.mjs';

const COUNT = 1000;

/** Starts processes that wait, and end with this one. */
async function sleepers() {
  const children = Array.from({ length: COUNT }, () =>
    spawn('sleep', ['infinity'], { stdio: 'ignore' }),
  );
  process.once('exit', () => {
    for (const child of children) child.kill('SIGKILL');
  });
  await Promise.all(
    children.map((child) => new Promise((resolve) => child.once('spawn', resolve))),
  );
}

/** @type {import('../suite.ts').Suite} */
export const suite = {
  title: 'All namespaces of the machine',
  about: `With ${COUNT} sleeping processes more than there are. lsns is lsns(8), waited for; its output goes nowhere.
It looks at processes only, as listNamespaces does together with their threads; discover looks at threads, descriptors,
sockets and mounts as well.`,
  heaps: ['small'],
  tail: 90,
  burst: 1,
  async groups() {
    await sleepers();
    return [
      {
        name: `${COUNT} processes`,
        contenders: [
          { name: 'discover', run: () => discover() },
          { name: 'listNamespaces', run: () => listNamespaces() },
          { name: 'lsns', run: () => command(['lsns', '--json', '--output-all'], 'ignore') },
        ],
        targets: [{ of: 'discover', against: 'lsns', atMost: 1 }],
      },
    ];
  },
};
