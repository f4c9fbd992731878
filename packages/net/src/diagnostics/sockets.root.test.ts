import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { createNamespace } from '@ns/core';
import { expect, test } from 'vitest';
import { openInside } from '../inside/inside.js';
import { isolatedNet } from '../isolated.js';
import { isNetlinkError } from '../netlink/error.js';
import { listSockets } from './sockets.js';

test('sockets are as ss(8) shows them', async ({ skip }) => {
  using box = createNamespace(isolatedNet());
  using host = openInside(box);
  const server = await host.listen(net.createServer(), { port: 8080, host: '127.0.0.1' });
  const accepted = once(server, 'connection');
  const client = host.connect(8080, '127.0.0.1');
  await once(client, 'connect');
  const [peer] = (await accepted) as [net.Socket];
  const datagrams = host.createSocket('udp6');
  datagrams.bind(99, '::1');
  await once(datagrams, 'listening');
  try {
    const list = listSockets({ in: box });
    const lines = list.map(({ kind, state, local, peer: other }) =>
      [kind, state, `${local?.address}:${local?.port}`, `${other?.address}:${other?.port}`].join(
        ' ',
      ),
    );
    expect(lines.sort()).toEqual(
      [
        'tcp LISTEN 127.0.0.1:8080 0.0.0.0:0',
        `tcp ESTAB 127.0.0.1:${client.localPort} 127.0.0.1:8080`,
        `tcp ESTAB 127.0.0.1:8080 127.0.0.1:${client.localPort}`,
        'udp UNCONN ::1:99 :::0',
      ].sort(),
    );
    const ss = box.enter(() => execFileSync('ss', ['-Htuane'], { encoding: 'utf8' }));
    expect(ss.trim().split('\n')).toHaveLength(list.length);
    for (const { inode } of list) expect(ss).toContain(`ino:${inode} `);
  } catch (error) {
    if (isNetlinkError(error, 'ENOENT')) skip('this kernel tells nothing of sockets');
    throw error;
  } finally {
    for (const socket of [client, peer]) socket.destroy();
    server.close();
    datagrams.close();
    await once(server, 'close');
  }
});

test('listSockets returns unix sockets with their names', ({ skip }) => {
  using box = createNamespace(isolatedNet());
  const server = box.enter(() => net.createServer().listen('\0ns-net-test'));
  try {
    const list = listSockets({ in: box, kinds: ['unix'] });
    expect(list).toContainEqual(
      expect.objectContaining({
        kind: 'unix',
        state: 'LISTEN',
        path: expect.stringMatching(/^@ns-net-test/),
      }),
    );
  } catch (error) {
    if (isNetlinkError(error, 'ENOENT')) skip('this kernel tells nothing of unix sockets');
    throw error;
  } finally {
    server.close();
  }
  expect(() => listSockets({ kinds: ['x' as 'tcp'] })).toThrow(TypeError);
});
