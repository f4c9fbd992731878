// Names that are looked up inside: the server belongs to a stranger, or there is none.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { createNamespace, spawn } from '@ns/core';
import { expect, onTestFinished, test } from 'vitest';
import { openInside } from '../inside/inside.js';
import { isolatedNet } from '../isolated.js';
import { net } from '../spec.js';

/** A server in a namespace that answers by UDP what a function makes of the question. */
async function nameServer(answer: (question: Buffer) => Buffer[]) {
  const namespace = createNamespace(isolatedNet());
  const place = openInside(namespace, { nameservers: ['127.0.0.1'] });
  const socket = place.createSocket('udp4');
  socket.on('message', (question, { port }) => {
    for (const one of answer(question)) socket.send(one, port, '127.0.0.1');
  });
  await new Promise<void>((resolve) => socket.bind(53, '127.0.0.1', resolve));
  onTestFinished(async () => {
    socket.close();
    await once(socket, 'close');
    place.close();
    namespace.close();
  });
  return place;
}

/** An answer's header and question, with flags and a number of records. */
function head(question: Buffer, flags: number, records: number): Buffer {
  const bytes = Buffer.from(question);
  bytes.writeUInt16BE(flags, 2);
  bytes.writeUInt16BE(records, 6);
  return bytes;
}

const TRUNCATED = 0x8380;
const FINE = 0x8180;

test('inside().resolve ends although a server answers by TCP one byte at a time', async () => {
  const place = await nameServer((question) => [head(question, TRUNCATED, 0)]);
  const drips = new Set<NodeJS.Timeout>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.write(Buffer.from([0xff, 0xff]));
    drips.add(setInterval(() => socket.write('x'), 200));
  });
  await place.listen(server, { port: 53, host: '127.0.0.1' });
  try {
    await expect(place.resolve('drip.test', 4)).rejects.toMatchObject({ code: 'EAI_AGAIN' });
  } finally {
    for (const drip of drips) clearInterval(drip);
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }
});

test('inside().resolve ends with answers that loop, lie about lengths, or never stop', async () => {
  const loop = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 192, 0, 2, 1]);
  const selfPointer = Buffer.concat([Buffer.from([0xc0, 0xff]), loop.subarray(2)]);
  const tooLong = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0xff, 0xff, 1]);
  const labels = Buffer.alloc(20_000, 0x3f);
  const place = await nameServer((question) => [
    Buffer.alloc(0),
    question, // not an answer
    ...Array.from({ length: 100 }, () =>
      Buffer.concat([head(question, FINE, 1).fill(1, 0, 2), loop]),
    ),
    Buffer.concat([head(question, FINE, 0xffff), selfPointer, tooLong, labels]),
  ]);
  expect(await place.resolve('loop.test', 4)).toEqual([{ address: '192.0.2.1', family: 4 }]);
});

test('inside().resolve gives an error where no name server can be reached', async () => {
  const namespace = createNamespace(isolatedNet());
  onTestFinished(() => namespace.close());
  using place = openInside(namespace, { nameservers: ['192.0.2.53', '2001:db8::53'] });
  await expect(place.resolve('unreachable.test')).rejects.toMatchObject({ code: 'EAI_AGAIN' });
  await expect(place.fetch('http://unreachable.test/')).rejects.toThrow();
});

test('inside(pid) reads no file of the processes in there', async () => {
  const script = `
    mount --make-rprivate / && mount -t tmpfs tmpfs /etc && mkfifo /etc/resolv.conf /etc/hosts
    echo ready; exec sleep 60`;
  await using child = await spawn('sh', ['-ec', script], {
    namespaces: [net(), { type: 'mount' }],
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
  using place = openInside(child.pid, { nameservers: ['192.0.2.53'] });
  await expect(place.resolve('fifo.test')).rejects.toMatchObject({ code: 'EAI_AGAIN' });
});
