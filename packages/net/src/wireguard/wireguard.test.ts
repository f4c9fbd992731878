import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changeMessages, parseChange, type WireguardChange } from './change.js';
import { joinPieces } from './device.js';
import { createWireguardKeys, createWireguardPresharedKey, wireguardPublicKey } from './keys.js';
import { type WireguardValues, wireguardBody } from './table.js';

const key = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((b) => Buffer.from(b).toString('base64'));
const port = fc.integer({ min: 1, max: 0xffff });
const prefix = fc
  .tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }))
  .map(([address, length]) => `${address}/${length}`);

function decoded(change: WireguardChange) {
  return changeMessages(3, parseChange(change, 'change')).map((values) => {
    const bytes = Buffer.from(wireguardBody.encode({ command: 1, version: 1 }, values));
    expect(bytes.length).toBeLessThan(0xffff);
    return wireguardBody.decode(bytes, 0, bytes.length) as WireguardValues;
  });
}

test('changes are decoded as they were encoded', () => {
  fc.assert(
    fc.property(
      fc.record({
        privateKey: key,
        listenPort: port,
        fwmark: fc.nat(),
        peers: fc.uniqueArray(
          fc.record({
            publicKey: key,
            presharedKey: key,
            endpoint: fc.tuple(fc.ipV4(), port).map(([address, p]) => `${address}:${p}`),
            persistentKeepalive: port,
            allowedIps: fc.array(prefix, { maxLength: 5 }),
          }),
          { selector: ({ publicKey }) => publicKey, maxLength: 4 },
        ),
      }),
      (change) => {
        const { peers, ...settings } = change;
        const device = joinPieces(decoded(change));
        expect(device).toMatchObject(settings);
        expect(device.peers).toMatchObject(peers);
      },
    ),
  );
});

test('a change that is too long for one message is sent in several, which joinPieces joins', () => {
  const peers = Array.from({ length: 3 }, (_, i) => ({
    publicKey: Buffer.alloc(32, i + 1).toString('base64'),
    allowedIps: Array.from({ length: 700 }, (_, n) => `10.${i}.${n >> 8}.${n & 255}/32`),
  }));
  const messages = decoded({ replacePeers: true, peers });
  expect(messages.length).toBeGreaterThan(3);
  expect(messages.map(({ flags }) => flags ?? 0).slice(0, 2)).toEqual([1, 0]);
  expect(joinPieces(messages).peers).toMatchObject(peers);
});

test('an endpoint can have an IPv6 address and a zone', () => {
  const publicKey = createWireguardKeys().publicKey;
  for (const endpoint of ['[2001:db8::1]:51820', '[fe80::1%2]:1']) {
    expect(joinPieces(decoded({ peers: [{ publicKey, endpoint }] })).peers).toMatchObject([
      { endpoint },
    ]);
  }
});

test.each([
  [{ privateKey: 'x' }, /^change\.privateKey must be a key/],
  [{ peers: [{ publicKey: '' }] }, /^change\.peers\[0\]\.publicKey must be a key/],
  [
    { peers: [{ publicKey: createWireguardKeys().publicKey, endpoint: '1.2.3.4' }] },
    /endpoint must be/,
  ],
  [
    { peers: [{ publicKey: createWireguardKeys().publicKey, allowedIps: ['10.0.0.0/33'] }] },
    /allowedIps/,
  ],
  [{ listenPort: 70_000 }, /^change\.listenPort must be/],
])('parseChange names the wrong member of %j', (change, message) => {
  expect(() => decoded(change)).toThrow(message);
});

test('keys are those of wg(8)', ({ skip }) => {
  const { privateKey, publicKey } = createWireguardKeys();
  expect(wireguardPublicKey(privateKey)).toBe(publicKey);
  expect(Buffer.from(createWireguardPresharedKey(), 'base64')).toHaveLength(32);
  expect(() => wireguardPublicKey('x')).toThrow(TypeError);
  let shown: string;
  try {
    shown = execFileSync('wg', ['pubkey'], { input: privateKey, encoding: 'utf8' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return skip('wg is not installed');
  }
  expect(shown.trim()).toBe(publicKey);
});
