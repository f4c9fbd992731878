import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { createNamespace } from '@ns/core';
import { expect, test } from 'vitest';
import { openInside } from '../inside/inside.js';
import { isolatedNet } from '../isolated.js';
import { isNetlinkError } from '../netlink/error.js';
import { Rtnetlink } from '../rtnetlink/rtnetlink.js';
import { createWireguardKeys, createWireguardPresharedKey } from './keys.js';

/** True if the kernel has WireGuard, found out by trying. */
function hasWireguard(): boolean {
  using lab = createNamespace(isolatedNet());
  using rtnetlink = Rtnetlink.open({ in: lab });
  try {
    rtnetlink.links.add({ kind: 'wireguard', name: 'wg0' });
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
  using rtnetlinkA = Rtnetlink.open({ in: a });
  using rtnetlinkB = Rtnetlink.open({ in: b });
  rtnetlinkA.links.add({
    kind: 'veth',
    name: 'eth0',
    up: true,
    peer: { name: 'eth0', namespace: b },
  });
  rtnetlinkB.links.up('eth0');
  const keys = [createWireguardKeys(), createWireguardKeys()] as const;
  const presharedKey = createWireguardPresharedKey();
  for (const [i, rtnetlink] of [rtnetlinkA, rtnetlinkB].entries()) {
    const [own, other] = i === 0 ? keys : ([keys[1], keys[0]] as const);
    rtnetlink.addresses.add({ dev: 'eth0', address: `192.0.2.${i + 1}/24` });
    rtnetlink.links.add({ kind: 'wireguard', name: 'wg0' });
    rtnetlink.wireguard.change('wg0', {
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
    rtnetlink.addresses.add({ dev: 'wg0', address: `10.9.0.${i + 1}/24` });
    rtnetlink.links.up('wg0');
  }
  using hostA = openInside(a);
  using hostB = openInside(b);
  const server = hostA.createServer((socket) => socket.end('through the tunnel'));
  server.listen(7, '10.9.0.1');
  await once(server, 'listening');
  expect(await text(hostB.connect(7, '10.9.0.1'))).toBe('through the tunnel');
  server.close();
  await once(server, 'close');
  const device = rtnetlinkA.wireguard.get('wg0');
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
  rtnetlinkA.wireguard.change('wg0', { peers: [{ publicKey: keys[1].publicKey, remove: true }] });
  expect(rtnetlinkA.wireguard.get('wg0').peers).toEqual([]);
});

test('wireguard verbs throw for an interface of another kind, and on a kernel without WireGuard', () => {
  using lab = createNamespace(isolatedNet());
  using rtnetlink = Rtnetlink.open({ in: lab });
  const wanted = hasWireguard() ? 'EOPNOTSUPP' : 'ENOENT';
  expect(() => rtnetlink.wireguard.get('lo')).toThrow(wanted);
  expect(() => rtnetlink.wireguard.change('lo', { listenPort: 1 })).toThrow(wanted);
  expect(() => rtnetlink.wireguard.change('nothing', { listenPort: 1 })).toThrow('ENODEV');
});
