import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createNamespace } from '@ns/core';
import { expect, test } from 'vitest';
import { isolatedNet } from '../isolated.js';
import { Rtnetlink } from '../rtnetlink/rtnetlink.js';
import { isNetlinkError } from './error.js';

const COUNT = 2000; // more than one piece of an answer holds
const addresses = Array.from({ length: COUNT }, (_, i) => `10.9.${i >> 8}.${i & 255}`);

function lab() {
  const namespace = createNamespace(isolatedNet());
  const rtnetlink = Rtnetlink.open({ in: namespace });
  for (const address of addresses) rtnetlink.addresses.add({ dev: 'lo', address });
  return {
    namespace,
    rtnetlink,
    [Symbol.dispose]() {
      rtnetlink.close();
      namespace.close();
    },
  };
}

const mine = (list: readonly { local: string }[]) =>
  list.map(({ local }) => local).filter((local) => local.startsWith('10.9.'));

test('a table that changes while it is read in pieces is read again', async () => {
  using net = lab();
  const pieces = net.rtnetlink.addresses.dump({ family: 'inet' });
  const first = pieces.next(); // the first piece is read by now, the others wait for the event loop
  net.rtnetlink.addresses.remove({ dev: 'lo', address: addresses[0] as string });
  net.rtnetlink.addresses.add({ dev: 'lo', address: '10.9.255.1' });
  const list = [(await first).value as { local: string }];
  for await (const one of pieces) list.push(one);
  expect(mine(list)).toEqual([...addresses.slice(1), '10.9.255.1']);
});

test('list is complete or throws while the table changes', async () => {
  using net = lab();
  const change = (i: number) =>
    `address add 10.8.0.1/32 dev lo\naddress del 10.8.0.1/32 dev lo # ${i}\n`;
  const changer = net.namespace.enter(() =>
    spawn('ip', ['-batch', '-'], { stdio: ['pipe', 'ignore', 'inherit'] }),
  );
  changer.stdin.end(Array.from({ length: 5000 }, (_, i) => change(i)).join(''));
  const ended = once(changer, 'close');
  while (changer.exitCode === null) {
    try {
      const list = net.rtnetlink.addresses.list({ family: 'inet' });
      expect(mine(list)).toEqual(addresses);
    } catch (error) {
      // An error, not a part of the list.
      if (!isNetlinkError(error, 'EINTR')) throw error;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await ended;
  expect(changer.exitCode).toBe(0);
  // On a busy machine all lists can have been interrupted. Nothing changes now.
  expect(mine(net.rtnetlink.addresses.list({ family: 'inet' }))).toEqual(addresses);
});
