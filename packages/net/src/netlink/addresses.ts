// Addresses as text and as bytes: IPv4, IPv6 (RFC 5952) and link-layer.
import { type Parser, parse } from '@ns/core/authors';
import { isIPv6 } from '../is-ip.js';
import type { Codec } from './codec.js';

const AF_INET = 2;
const AF_INET6 = 10;

/** Address families by their names in iproute2. */
export const families = Object.freeze({
  unspec: 0,
  inet: AF_INET,
  bridge: 7,
  inet6: AF_INET6,
  mpls: 28,
});

/** Parser of the name of an IP family. */
export const ipFamily: Parser<'inet' | 'inet6'> = parse.oneOf('inet', 'inet6');

/** Name of an address family. */
export type Family = keyof typeof families;

const familyNames = new Map<number, Family>(
  Object.entries(families).map(([name, number]) => [number, name as Family]),
);

/** Name of an address family; undefined if it is none that is known here. */
export function familyName(number: number): Family | undefined {
  return familyNames.get(number);
}

function formatIPv6(bytes: Buffer, start: number): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(bytes.readUInt16BE(start + i));
  // An IPv4 address inside is written as one.
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${bytes[start + 12]}.${bytes[start + 13]}.${bytes[start + 14]}.${bytes[start + 15]}`;
  }
  let longest = 1; // a single group is not worth it
  let from = -1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > longest) {
      longest = length;
      from = i;
    }
    if (length > 0) i += length - 1;
  }
  const hex = (list: number[]) => list.map((group) => group.toString(16)).join(':');
  if (from < 0) return hex(groups);
  return `${hex(groups.slice(0, from))}::${hex(groups.slice(from + longest))}`;
}

/** An address of 4 or 16 bytes as text; undefined for any other length. */
export function formatIP(bytes: Buffer, start: number, end: number): string | undefined {
  if (end - start === 4) {
    return `${bytes[start]}.${bytes[start + 1]}.${bytes[start + 2]}.${bytes[start + 3]}`;
  }
  return end - start === 16 ? formatIPv6(bytes, start) : undefined;
}

const ZERO = 0x30;
const DOT = 0x2e;

/** Writes the four bytes of an IPv4 address; false if the text is none. */
function writeIPv4(text: string, bytes: Uint8Array, start: number): boolean {
  let [at, part, digits] = [start, 0, 0];
  for (let i = 0; i <= text.length; i++) {
    const code = i === text.length ? DOT : text.charCodeAt(i);
    if (code === DOT) {
      if (digits === 0 || part > 255 || at > start + 3) return false;
      bytes[at++] = part;
      part = 0;
      digits = 0;
    } else {
      const digit = code - ZERO;
      // As inet_pton(3): three digits, and none to spare in front.
      if (digit < 0 || digit > 9 || digits === 3 || (digits > 0 && part === 0)) return false;
      part = part * 10 + digit;
      digits++;
    }
  }
  return at === start + 4;
}

const scratch = new Uint8Array(4);

function parseIPv6(text: string): Buffer {
  const tail = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const plain = tail
    ? `${tail[1]}${((Number(tail[2]) << 8) | Number(tail[3])).toString(16)}:${((Number(tail[4]) << 8) | Number(tail[5])).toString(16)}`
    : text;
  const [head = '', rest] = plain.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const before = groups(head);
  const after = rest === undefined ? [] : groups(rest);
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  const bytes = Buffer.alloc(16);
  [...before, ...zeros, ...after].forEach((group, i) => {
    bytes.writeUInt16BE(Number.parseInt(group, 16), 2 * i);
  });
  return bytes;
}

/** Bytes of an IPv4 or IPv6 address without a zone. */
export function parseIP(text: unknown, name: string): Buffer {
  const v4 = Buffer.allocUnsafe(4);
  if (typeof text === 'string') {
    if (writeIPv4(text, v4, 0)) return v4;
    if (isIPv6(text) && !text.includes('%')) return parseIPv6(text);
  }
  return parse.refuse(name, 'an IPv4 or IPv6 address', text);
}

/** An IPv4 or IPv6 address without a zone, as the caller has written it. */
export const ipAddress: Parser<string> = (value, name) => {
  if (typeof value !== 'string' || !writeIPv4(value, scratch, 0)) parseIP(value, name);
  return value as string;
};

/** An address in one spelling. */
export function canonicalIP(text: string, name = 'address'): string {
  const bytes = parseIP(text, name);
  return formatIP(bytes, 0, bytes.length) as string;
}

/** Family of an address in text. */
export function familyOf(text: string): 'inet' | 'inet6' {
  return text.includes(':') ? 'inet6' : 'inet';
}

/** A prefix in its parts. */
export interface Prefix {
  readonly address: string;
  readonly prefixlen: number;
}

/** Returns `10.0.0.1/24` in its parts; without a length, it is the whole address. */
export function parsePrefix(text: unknown, name: string): Prefix {
  if (typeof text !== 'string') parse.refuse(name, 'an IPv4 or IPv6 address', text);
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const whole = writeIPv4(address, scratch, 0) ? 32 : parseIP(address, name).length * 8;
  if (slash < 0) return { address, prefixlen: whole };
  const length = text.slice(slash + 1);
  const prefixlen = Number(length);
  if (!/^\d{1,3}$/.test(length) || prefixlen > whole) {
    parse.outOfRange(name, `an address with a prefix length of at most ${whole}`, text);
  }
  return { address, prefixlen };
}

/** An address with the length of its prefix, or a whole address, as the caller has written it. */
export const prefixText: Parser<string> = (value, name) => {
  parsePrefix(value, name);
  return value as string;
};

/** Codec of an IPv4 or IPv6 address. Its length tells the family. */
export const ip: Codec<string> = {
  decode: formatIP,
  encode: parseIP,
  writeTo(writer, value, name) {
    const at = writer.take(4);
    if (typeof value === 'string' && writeIPv4(value, writer.bytes, at)) return;
    writer.length = at;
    writer.append(parseIP(value, name));
  },
};

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

/** A link-layer address: `02:00:5e:10:00:01`. Tunnels have IP addresses there. */
export const lladdr: Codec<string> = {
  decode(bytes, start, end) {
    let text = '';
    for (let i = start; i < end; i++)
      text += i === start ? HEX[bytes[i] as number] : `:${HEX[bytes[i] as number]}`;
    return text;
  },
  encode(value, name) {
    if (value === '') return new Uint8Array(0);
    if (typeof value !== 'string' || !/^[0-9a-f]{2}(:[0-9a-f]{2})*$/i.test(value)) {
      parse.refuse(name, 'a link-layer address such as 02:00:5e:10:00:01', value);
    }
    return Buffer.from(value.replaceAll(':', ''), 'hex');
  },
};
