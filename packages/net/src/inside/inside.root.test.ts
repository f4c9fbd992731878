import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { createNamespace, Namespace } from '@ns/core';
import { expect, test } from 'vitest';
import { isolatedNet } from '../isolated.js';
import { Rtnetlink } from '../rtnetlink/rtnetlink.js';
import { TYPE } from './dns-message.js';
import { type Inside, openInside } from './inside.js';
import { namespaceOf } from './socket-namespace.testing.js';

/** Three hosts, each on a link of its own to a router. */
function lab() {
  const router = createNamespace(isolatedNet());
  const hosts = [1, 2, 3].map((n) => {
    const namespace = createNamespace(isolatedNet());
    const rtnetlink = Rtnetlink.open({ in: namespace });
    const middle = Rtnetlink.open({ in: router });
    rtnetlink.links.add({
      kind: 'veth',
      name: 'eth0',
      peer: { name: `port${n}`, namespace: router },
    });
    rtnetlink.addresses.add({ dev: 'eth0', address: `10.0.${n}.2/24` });
    rtnetlink.addresses.add({ dev: 'eth0', address: `2001:db8:${n}::2/64`, flags: ['nodad'] });
    rtnetlink.links.up('eth0');
    middle.addresses.add({ dev: `port${n}`, address: `10.0.${n}.1/24` });
    middle.addresses.add({ dev: `port${n}`, address: `2001:db8:${n}::1/64`, flags: ['nodad'] });
    middle.links.up(`port${n}`);
    rtnetlink.routes.add({ dst: 'default', gateway: `10.0.${n}.1` });
    middle.close();
    return { namespace, rtnetlink, host: openInside(namespace, { nameservers: ['10.0.3.2'] }) };
  });
  router.enter(() => writeFileSync('/proc/sys/net/ipv4/ip_forward', '1'));
  return {
    router,
    hosts: hosts as [(typeof hosts)[0], (typeof hosts)[0], (typeof hosts)[0]],
    [Symbol.dispose]() {
      for (const { namespace, rtnetlink, host } of hosts) {
        host.close();
        rtnetlink.close();
        namespace.close();
      }
      router.close();
    },
  };
}

async function get(host: Inside, url: string): Promise<string> {
  const agent = host.agent();
  const request = http.get(url, { agent });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const body = await text(response);
  agent.destroy();
  return body;
}

async function close(server: net.Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

test('fetch starts inside, follows redirects there, and resolves names there', async () => {
  using net3 = lab();
  const [web, client] = net3.hosts;
  const server = await web.host.listen(
    http.createServer(async (request, response) => {
      if (request.url === '/from') response.writeHead(302, { location: '/to' }).end();
      else response.end(`${request.method} ${request.socket.remoteAddress} ${await text(request)}`);
    }),
    { port: 80 },
  );
  const answer = await client.host.fetch('http://10.0.1.2/from');
  expect(answer).toMatchObject({ status: 200, redirected: true, url: 'http://10.0.1.2/to' });
  expect(await answer.text()).toMatch(/^GET .*10\.0\.2\.2 $/);
  const posted = await web.host.fetch('http://[2001:db8:1::2]/', { method: 'POST', body: 'hi' });
  expect(await posted.text()).toBe('POST 2001:db8:1::2 hi');
  await expect(client.host.fetch('http://10.0.1.2:81/')).rejects.toMatchObject({
    cause: { code: 'ECONNREFUSED' },
  });
  for (const { host } of [web, client]) host.close();
  await close(server);
});

test('an http server and its clients live on three hosts behind a router', async () => {
  using net3 = lab();
  const [web, first, second] = net3.hosts;
  const server = await web.host.listen(
    http.createServer((request, response) => response.end(`hello ${request.socket.remoteAddress}`)),
    { port: 80 },
  );
  expect(namespaceOf(server)).toBe(web.namespace.id.ino);
  expect(await get(first.host, 'http://10.0.1.2/')).toMatch(/hello .*10\.0\.2\.2$/);
  expect(await get(second.host, 'http://10.0.1.2/')).toMatch(/hello .*10\.0\.3\.2$/);
  first.rtnetlink.links.down('eth0');
  await expect(get(first.host, 'http://10.0.1.2/')).rejects.toMatchObject({ code: 'ENETUNREACH' });
  expect(await get(second.host, 'http://10.0.1.2/')).toMatch(/hello/);
  await close(server);
});

test('servers of openInside do not listen outside', async () => {
  using box = createNamespace(isolatedNet());
  using host = openInside(box);
  const server = host.createServer((socket) => socket.end('inside'));
  server.listen(8080, '127.0.0.1');
  await once(server, 'listening');
  expect(server.address()).toEqual({ address: '127.0.0.1', family: 'IPv4', port: 8080 });
  const socket = host.connect(8080, '127.0.0.1');
  expect(await text(socket)).toBe('inside');
  await close(server);
});

test('errors of listening come as from Node', async () => {
  using box = createNamespace(isolatedNet());
  using host = openInside(box);
  const server = await host.listen(net.createServer(), { port: 8080 });
  await expect(host.listen(net.createServer(), { port: 8080 })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
  await expect(
    host.listen(net.createServer(), { port: 80, host: '192.0.2.1' }),
  ).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
  await expect(host.listen(net.createServer(), { port: 70_000 })).rejects.toThrow(RangeError);
  await close(server);
});

/** A name server that knows one name. */
async function nameServer(host: Inside, address: string, answers: Record<number, Buffer>) {
  const socket = host.createSocket('udp4');
  socket.on('message', (question, from) => {
    const type = question.readUInt16BE(question.length - 4);
    const data = answers[type];
    const head = Buffer.from(question);
    head.writeUInt16BE(0x8180, 2);
    head.writeUInt16BE(data ? 1 : 0, 6);
    const record = Buffer.from([0xc0, 0x0c, 0, type, 0, 1, 0, 0, 0, 9, 0, data?.length ?? 0]);
    socket.send(data ? Buffer.concat([head, record, data]) : head, from.port, from.address);
  });
  socket.bind(53, address);
  await once(socket, 'listening');
  return socket;
}

test('names are resolved inside, and the addresses tried there one after the other', async () => {
  using net3 = lab();
  const [web, client, names] = net3.hosts;
  const v6 = Buffer.from('20010db8000100000000000000000002', 'hex');
  const dns = await nameServer(names.host, '10.0.3.2', {
    [TYPE.A]: Buffer.of(10, 0, 1, 2),
    [TYPE.AAAA]: v6,
  });
  const server = await web.host.listen(
    net.createServer((socket) => socket.end('found')),
    { port: 7, host: '0.0.0.0' },
  );
  expect(await client.host.resolve('web.example')).toEqual([
    { address: '10.0.1.2', family: 4 },
    { address: '2001:db8:1::2', family: 6 },
  ]);
  const socket = client.host.connect({ host: 'web.example', port: 7 });
  await once(socket, 'connect');
  expect(namespaceOf(socket)).toBe(client.namespace.id.ino);
  expect(await text(socket)).toBe('found');
  await close(server);

  // The first address does not answer any more: the second is tried, also from inside.
  client.rtnetlink.routes.add({ dst: '2001:db8:1::/64', gateway: '2001:db8:2::1' });
  web.rtnetlink.routes.add({ dst: '2001:db8:2::/64', gateway: '2001:db8:1::1', family: 'inet6' });
  net3.router.enter(() => writeFileSync('/proc/sys/net/ipv6/conf/all/forwarding', '1'));
  web.rtnetlink.addresses.remove({ dev: 'eth0', address: '10.0.1.2/24' });
  const other = await web.host.listen(
    net.createServer((s) => s.end('found again')),
    { port: 7, host: '2001:db8:1::2' },
  );
  const late = client.host.connect({
    host: 'web.example',
    port: 7,
    autoSelectFamily: true,
    // Long enough for the second address to be no longer tentative when it is tried.
    autoSelectFamilyAttemptTimeout: 5000,
  });
  await once(late, 'connect');
  expect(late.remoteAddress).toBe('2001:db8:1::2');
  expect(namespaceOf(late)).toBe(client.namespace.id.ino);
  expect(await text(late)).toBe('found again');
  await close(other);
  dns.close();
  await once(dns, 'close');
});

test('localhost is the one of the namespace, and unknown names are not found', async () => {
  using box = createNamespace(isolatedNet());
  using host = openInside(box, { nameservers: ['127.0.0.1'] });
  expect((await host.resolve('localhost')).map(({ address }) => address)).toEqual([
    '127.0.0.1',
    '::1',
  ]);
  const dns = await nameServer(host, '127.0.0.1', {});
  await expect(host.resolve('nothing.example')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  const socket = host.connect(80, 'nothing.example');
  const [error] = await once(socket, 'error').catch((e) => [e]);
  expect(error).toMatchObject({ code: 'ENOTFOUND' });
  dns.close();
  await once(dns, 'close');
});

test('datagram sockets are bound inside, also by sending', async () => {
  using box = createNamespace(isolatedNet());
  using host = openInside(box);
  const server = host.createSocket('udp4');
  const received = once(server, 'message');
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const client = host.createSocket({ type: 'udp4' });
  client.send('ping', server.address().port, '127.0.0.1');
  const [message] = await received;
  expect(String(message)).toBe('ping');
  expect(() => client.bind(1)).toThrow('already bound');
  using home = Namespace.current('net');
  const outside = createSocket('udp4');
  outside.bind(server.address().port, '127.0.0.1');
  await once(outside, 'listening'); // the port is free out here
  expect(home.id.ino).not.toBe(box.id.ino);
  for (const socket of [server, client, outside]) socket.close();
  await delay(1);
});
