// A neighbour on a link of the namespace, whose interface the namespace of this process does not have.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createNamespace, run } from '@ns/core';
import { expect, onTestFinished, test } from 'vitest';
import { openInside } from '../inside/inside.js';
import { isolatedNet } from '../isolated.js';
import { Rtnetlink } from '../rtnetlink/rtnetlink.js';

/** Two namespaces with a cable. The host has no interface with the index of an end. */
function neighbours() {
  const [here, there] = [createNamespace(isolatedNet()), createNamespace(isolatedNet())];
  onTestFinished(() => {
    here.close();
    there.close();
  });
  using rtnetlink = Rtnetlink.open({ in: here });
  // Indices count up: after these, they are not among those of the host.
  for (let i = 0; i < 100; i++) {
    rtnetlink.links.add({ kind: 'bridge', name: 'used' });
    rtnetlink.links.remove('used');
  }
  using other = Rtnetlink.open({ in: there });
  rtnetlink.links.add({
    kind: 'veth',
    name: 'labeth',
    up: true,
    peer: { name: 'labeth', namespace: there },
  });
  other.links.up('labeth');
  rtnetlink.addresses.add({ dev: 'labeth', address: 'fe80::a/64', flags: ['nodad'] });
  other.addresses.add({ dev: 'labeth', address: 'fe80::b/64', flags: ['nodad'] });
  return { here, there };
}

/** Runs a script of Node's in a namespace. */
const script = (where: ReturnType<typeof createNamespace>, code: string) =>
  run(process.execPath, ['-e', code], { namespaces: [where] });

test('a server inside tells the address of a link-local neighbour', async () => {
  const { here, there } = neighbours();
  using place = openInside(here);
  const seen: unknown[] = [];
  const server = createServer((socket) => {
    seen.push(socket.remoteAddress, socket.localAddress);
    socket.end('hello');
  });
  await place.listen(server, { port: 80, host: '::' });
  const connect = `require('net').connect(80, 'fe80::a%labeth').pipe(process.stdout)`;
  expect((await script(there, connect)).stdout).toBe('hello');
  expect(seen).toEqual([expect.stringMatching(/^fe80::b%/), expect.stringMatching(/^fe80::a%/)]);
  server.close();
  await once(server, 'close');
});

test('a datagram of a link-local neighbour does not end the process', async () => {
  const { here, there } = neighbours();
  using place = openInside(here);
  const socket = place.createSocket('udp6');
  await new Promise<void>((resolve) => socket.bind(53, '::', resolve));
  const heard = once(socket, 'message');
  const send = `
    const socket = require('dgram').createSocket('udp6');
    socket.send('x', 53, 'fe80::a%labeth', () => socket.close());`;
  await script(there, send);
  // One of another address comes through, and is behind it.
  const own = place.createSocket('udp6');
  own.send('after', 53, '::1');
  expect(String((await heard)[0])).toBe('after');
  for (const one of [socket, own]) {
    one.close();
    await once(one, 'close');
  }
});
