import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { createNamespace } from '@ns/core';
import { expect, test } from 'vitest';
import { openInside } from '../inside/inside.js';
import { isolatedNet } from '../isolated.js';
import { isNetlinkError } from '../netlink/error.js';
import { Route } from '../route/route.js';
import { createWireguardKeys, createWireguardPresharedKey } from './keys.js';

/** True if the kernel has WireGuard, found out by trying. */
function hasWireguard(): boolean {
  using lab = createNamespace(isolatedNet());
  using route = Route.open({ in: lab });
  try {
    route.link.add({ kind: 'wireguard', name: 'wg0' });
    return true;
  } catch (error) {
    if (isNetlinkError(error, 'EOPNOTSUPP')) return false;
    throw error;
  }
}

test('two hosts talk through a tunnel, and wg(8) shows what has been set', async ({ skip }) => {
  skip(!hasWireguard(), 'this kernel has no WireGuard');
  using a = createNamespace(isolatedNet());
  using b = createNamespace(isolatedNet());
  using routeA = Route.open({ in: a });
  using routeB = Route.open({ in: b });
  routeA.link.add({ kind: 'veth', name: 'eth0', up: true, peer: { name: 'eth0', namespace: b } });
  routeB.link.up('eth0');
  const keys = [createWireguardKeys(), createWireguardKeys()] as const;
  const presharedKey = createWireguardPresharedKey();
  for (const [i, route] of [routeA, routeB].entries()) {
    const [own, other] = i === 0 ? keys : ([keys[1], keys[0]] as const);
    route.address.add({ dev: 'eth0', address: `192.0.2.${i + 1}/24` });
    route.link.add({ kind: 'wireguard', name: 'wg0' });
    route.wireguard.set('wg0', {
      privateKey: own.privateKey,
      listenPort: 51820,
      peers: [
        {
          publicKey: other.publicKey,
          presharedKey,
          endpoint: `192.0.2.${2 - i}:51820`,
          allowedIps: [`10.9.0.${2 - i}/32`],
          persistentKeepalive: 25,
        },
      ],
    });
    route.address.add({ dev: 'wg0', address: `10.9.0.${i + 1}/24` });
    route.link.up('wg0');
  }
  using hostA = openInside(a);
  using hostB = openInside(b);
  const server = hostA.createServer((socket) => socket.end('through the tunnel'));
  server.listen(7, '10.9.0.1');
  await once(server, 'listening');
  expect(await text(hostB.connect(7, '10.9.0.1'))).toBe('through the tunnel');
  server.close();
  await once(server, 'close');
  const device = routeA.wireguard.get('wg0');
  expect(device).toMatchObject({ ...keys[0], ifname: 'wg0', listenPort: 51820 });
  expect(device.peers).toMatchObject([
    {
      publicKey: keys[1].publicKey,
      presharedKey,
      allowedIps: ['10.9.0.2/32'],
      persistentKeepalive: 25,
    },
  ]);
  expect(device.peers[0]?.transferRx).toBeGreaterThan(0);
  expect(device.peers[0]?.latestHandshake).toBeGreaterThan(0);
  const shown = a.enter(() => execFileSync('wg', ['show', 'wg0', 'dump'], { encoding: 'utf8' }));
  expect(shown.split('\n')[1]?.split('\t').slice(0, 4)).toEqual([
    keys[1].publicKey,
    presharedKey,
    '192.0.2.2:51820',
    '10.9.0.2/32',
  ]);
  routeA.wireguard.set('wg0', { peers: [{ publicKey: keys[1].publicKey, remove: true }] });
  expect(routeA.wireguard.get('wg0').peers).toEqual([]);
});

test('wireguard verbs throw for an interface of another kind, and on a kernel without WireGuard', () => {
  using lab = createNamespace(isolatedNet());
  using route = Route.open({ in: lab });
  const wanted = hasWireguard() ? 'EOPNOTSUPP' : 'ENOENT';
  expect(() => route.wireguard.get('lo')).toThrow(wanted);
  expect(() => route.wireguard.set('lo', { listenPort: 1 })).toThrow(wanted);
  expect(() => route.wireguard.set('nothing', { listenPort: 1 })).toThrow('ENODEV');
});
