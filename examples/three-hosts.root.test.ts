// Network software under test, with a network: three hosts and a router, all in this one process. The
// server and its clients are ordinary objects of Node; only where their sockets live is different.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createNamespace } from '@ns/core';
import { net, openInside, Rtnetlink, watchNet, writeSysctl } from '@ns/net';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** A host with one interface, on a cable of its own to a port of the router. */
function host(router: ReturnType<typeof createNamespace>, number: number) {
  const namespace = createNamespace(net());
  const own = Rtnetlink.open({ in: namespace });
  const [port, subnet] = [`port${number}`, `10.0.${number}`];
  own.links.add({ kind: 'veth', name: 'eth0', up: true, peer: { name: port, namespace: router } });
  own.addresses.add({ dev: 'eth0', address: `${subnet}.2/24` });
  using middle = Rtnetlink.open({ in: router });
  middle.links.up(port);
  middle.addresses.add({ dev: port, address: `${subnet}.1/24` });
  const gateway = { dst: 'default', gateway: `${subnet}.1` };
  own.routes.add(gateway);
  return { namespace, own, gateway, address: `${subnet}.2`, net: openInside(namespace) };
}

let lab: ReturnType<typeof makeLab>;

function makeLab() {
  const router = createNamespace(net());
  writeSysctl('net.ipv4.ip_forward', 1, { in: router });
  return { router, web: host(router, 1), near: host(router, 2), far: host(router, 3) };
}

beforeEach(() => {
  lab = makeLab();
});

afterEach(() => {
  const { router, ...hosts } = lab;
  for (const { net, own, namespace } of Object.values(hosts)) {
    net.close();
    own.close();
    namespace.close();
  }
  router.close();
});

/** The service that is tested: it greets its clients by their addresses. */
async function serve() {
  const server = createServer((request, response) => {
    response.setHeader('connection', 'close');
    response.end(`hello ${request.socket.remoteAddress?.replace('::ffff:', '')}`);
  });
  return lab.web.net.listen(server, { port: 80 });
}

const greet = async (client: typeof lab.near) =>
  (await client.net.fetch(`http://${lab.web.address}/`)).text();

test('clients on other hosts are greeted by their own addresses', async () => {
  const server = await serve();
  expect(await Promise.all([greet(lab.near), greet(lab.far)])).toEqual([
    'hello 10.0.2.2',
    'hello 10.0.3.2',
  ]);
  server.close();
  await once(server, 'close');
});

test('a link that goes down cuts off one client, and it comes back', async () => {
  const server = await serve();
  using events = watchNet({ in: lab.router, groups: ['link'] });

  lab.near.own.links.down('eth0');
  await expect(greet(lab.near)).rejects.toMatchObject({ cause: { code: 'ENETUNREACH' } });
  expect(await greet(lab.far)).toBe('hello 10.0.3.2');
  // The router has seen its own end lose the carrier.
  for await (const event of events) {
    if (event.event !== 'link' || event.link.ifname !== 'port2') continue;
    if (event.link.flags.includes('NO-CARRIER')) break;
  }

  lab.near.own.links.up('eth0');
  lab.near.own.routes.add(lab.near.gateway); // gone with the link, as on any Linux
  expect(await greet(lab.near)).toBe('hello 10.0.2.2');
  server.close();
  await once(server, 'close');
});
