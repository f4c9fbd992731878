import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { spawn } from '@ns/core';
import { expect, test } from 'vitest';
import { net } from '../spec.js';
import { openInside } from './inside.js';

test('sockets live in the namespace of a rootless child', async () => {
  await using child = await spawn('sleep', ['60'], {
    namespaces: [{ type: 'user' }, net()],
    stdio: 'ignore',
  });
  using host = openInside(child.pid);
  const server = host.createServer((socket) => socket.end('inside'));
  server.listen(80, '127.0.0.1');
  await once(server, 'listening');
  expect(await text(host.connect(80, '127.0.0.1'))).toBe('inside');
  expect(await text(host.connect({ host: 'localhost', port: 80 }))).toBe('inside');
  server.close();
  await once(server, 'close');
});

test('openInside refuses wrong name servers and a wrong name of a network', () => {
  expect(() => openInside('self', { nameservers: ['x'] })).toThrow(TypeError);
  expect(() => openInside('a/b')).toThrow(TypeError);
});
