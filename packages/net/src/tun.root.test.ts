import { once } from 'node:events';
import { createNamespace } from '@ns/core';
import { expect, test } from 'vitest';
import { openInside } from './inside/inside.js';
import { isolatedNet } from './isolated.js';
import { Rtnetlink } from './rtnetlink/rtnetlink.js';
import { openTun } from './tun.js';

test('packets go through this process', async () => {
  using lab = createNamespace(isolatedNet());
  using rtnetlink = Rtnetlink.open({ in: lab });
  using host = openInside(lab);
  const tun = openTun({ in: lab, name: 'tun7' });
  expect(tun.ifname).toBe('tun7');
  expect(rtnetlink.links.get('tun7').linkinfo).toMatchObject({
    info_kind: 'tun',
    info_data: { type: 'tun' },
  });
  rtnetlink.addresses.add({ dev: 'tun7', address: '10.0.0.1/24' });
  rtnetlink.links.up('tun7');

  const socket = host.createSocket('udp4');
  socket.bind(5000, '10.0.0.1');
  await once(socket, 'listening');
  socket.send('ping', 7, '10.0.0.2');
  let request: Buffer | undefined;
  for await (const packet of tun.iterator({ destroyOnReturn: false })) {
    if (packet[0] >> 4 !== 4) continue; // IPv6 looks for routers
    request = packet;
    break;
  }
  expect(request?.subarray(-4).toString()).toBe('ping');

  // The same packet comes back: addresses and ports change places, which no checksum notices.
  const answer = Buffer.from(request as Buffer);
  const [source, target] = [answer.readUInt32BE(12), answer.readUInt32BE(16)];
  answer.writeUInt32BE(target, 12);
  answer.writeUInt32BE(source, 16);
  answer.writeUInt16BE(7, 20);
  answer.writeUInt16BE(5000, 22);
  const received = once(socket, 'message');
  tun.write(answer);
  expect(String((await received)[0])).toBe('ping');

  tun.destroy();
  socket.close();
  await once(tun, 'close');
  expect(rtnetlink.links.list().map(({ ifname }) => ifname)).toEqual(['lo']);
});

test('openTun refuses a wrong name and a wrong mode', () => {
  expect(() => openTun({ name: 'a-name-that-is-too-long' })).toThrow(RangeError);
  expect(() => openTun({ name: 'a b' })).toThrow(TypeError);
  expect(() => openTun({ mode: 'x' as 'tun' })).toThrow(TypeError);
});
