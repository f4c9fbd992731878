// Addresses of sockets: struct sockaddr_in and sockaddr_in6.
import { parse } from '@ns/core/authors';
import { formatIP, parseIP } from './addresses.js';
import type { Codec } from './codec.js';

const AF_INET = 2;
const AF_INET6 = 10;
const SIZE = { [AF_INET]: 16, [AF_INET6]: 28 } as const;
const ADDRESS_AT = { [AF_INET]: 4, [AF_INET6]: 8 } as const;
const SCOPE_AT = 24;

/** Bytes of an address and a port. A zone is the index of an interface: `fe80::1%2`. */
export function socketAddress(address: string, port: number, name = 'address'): Uint8Array {
  const [plain = '', zone] = address.split('%');
  const ip = parseIP(plain, name);
  const family = ip.length === 4 ? AF_INET : AF_INET6;
  const bytes = Buffer.alloc(SIZE[family]);
  bytes.writeUInt16LE(family, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(ip, ADDRESS_AT[family]);
  if (zone !== undefined && family === AF_INET6) {
    if (!/^[1-9]\d{0,8}$/.test(zone)) {
      parse.refuse(name, 'an address whose zone is the index of an interface', address);
    }
    bytes.writeUInt32LE(Number(zone), SCOPE_AT);
  }
  return bytes;
}

/** `192.0.2.1:51820`, `[2001:db8::1]:51820`, `[fe80::1%2]:51820`. */
export const endpoint: Codec<string> = {
  decode(bytes, start, end) {
    const family = end - start < 2 ? 0 : bytes.readUInt16LE(start);
    if (family !== AF_INET && family !== AF_INET6) return undefined;
    if (end - start < SIZE[family]) return undefined;
    const from = start + ADDRESS_AT[family];
    const port = bytes.readUInt16BE(start + 2);
    if (family === AF_INET) return `${formatIP(bytes, from, from + 4)}:${port}`;
    const scope = bytes.readUInt32LE(start + SCOPE_AT);
    return `[${formatIP(bytes, from, from + 16)}${scope === 0 ? '' : `%${scope}`}]:${port}`;
  },
  encode(value, name) {
    const [, v6, v4, port] = /^(?:\[(.+)\]|([^:[\]]+)):(\d{1,5})$/.exec(String(value)) ?? [];
    const number = Number(port);
    if (port === undefined || number > 0xffff) {
      parse.refuse(
        name,
        'an address with a port, such as 192.0.2.1:51820 or [2001:db8::1]:51820',
        value,
      );
    }
    return socketAddress((v6 ?? v4) as string, number, name);
  },
};
