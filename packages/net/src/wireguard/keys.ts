// Keys of WireGuard: Curve25519, in base64.

// Loaded by the first who needs it, because it is slow to load.
const crypto = () => process.getBuiltinModule('node:crypto');

/** PKCS #8 before the 32 bytes of an X25519 private key. */
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** A private key and its public one. */
export interface WireguardKeys {
  readonly privateKey: string;
  readonly publicKey: string;
}

function rawOf(encoded: string | undefined): string {
  return Buffer.from(encoded ?? '', 'base64url').toString('base64');
}

/** Makes a pair of keys: `wg genkey`, `wg pubkey`. */
export function createWireguardKeys(): WireguardKeys {
  const { d, x } = crypto().generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' });
  return { privateKey: rawOf(d), publicKey: rawOf(x) };
}

/**
 * The public key of a private one: `wg pubkey`.
 *
 * @throws {TypeError} unless it is a key
 */
export function wireguardPublicKey(privateKey: string): string {
  const bytes = Buffer.from(String(privateKey), 'base64');
  if (bytes.length !== 32) throw new TypeError('privateKey must be a key: 32 bytes in base64');
  const der = Buffer.concat([PKCS8, bytes]);
  const { createPrivateKey, createPublicKey } = crypto();
  const made = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  return rawOf(made.export({ format: 'jwk' }).x);
}

/** Makes a key that two peers share besides: `wg genpsk`. */
export function createWireguardPresharedKey(): string {
  return crypto().randomBytes(32).toString('base64');
}
