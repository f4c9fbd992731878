// Messages of the domain name system (RFC 1035): questions for addresses, and their answers.
import { formatIP } from '../netlink/addresses.js';

/** Types of records. */
export const TYPE = Object.freeze({ A: 1, CNAME: 5, AAAA: 28 });
const CLASS_IN = 1;
const HEADER = 12;
const RESPONSE = 0x8000;
const TRUNCATED = 0x0200;
const RECURSION_DESIRED = 0x0100;

/** The answer of a name server. */
export interface Answer {
  /** 0 for success, 3 for an unknown name, 2 for a failure of the server. */
  readonly code: number;
  readonly truncated: boolean;
  readonly addresses: readonly string[];
}

/** A question. Labels have 1 to 63 bytes, the whole at most 253. */
export function encodeQuestion(id: number, name: string, type: number): Buffer {
  const labels = name
    .replace(/\.$/, '')
    .split('.')
    .map((label) => Buffer.from(label, 'ascii'));
  if (name.length > 253 || labels.some((label) => label.length === 0 || label.length > 63)) {
    throw new TypeError(`hostname must be a domain name: ${JSON.stringify(name)}`);
  }
  const header = Buffer.alloc(HEADER);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(RECURSION_DESIRED, 2);
  header.writeUInt16BE(1, 4);
  const tail = Buffer.alloc(5);
  tail.writeUInt16BE(type, 1);
  tail.writeUInt16BE(CLASS_IN, 3);
  return Buffer.concat([
    header,
    ...labels.flatMap((label) => [Buffer.of(label.length), label]),
    tail,
  ]);
}

/** Where the name that begins at `at` ends; undefined if it is cut off. */
function afterName(bytes: Buffer, at: number): number | undefined {
  let position = at;
  while (position < bytes.length) {
    const length = bytes[position] as number;
    if (length === 0) return position + 1;
    if (length >= 0xc0) return position + 2;
    position += length + 1;
  }
  return undefined;
}

/** Reads an answer to this question; undefined if it is to another one, or broken. */
export function decodeAnswer(bytes: Buffer, question: Buffer, type: number): Answer | undefined {
  if (bytes.length < question.length) return undefined;
  if (bytes.readUInt16BE(0) !== question.readUInt16BE(0)) return undefined;
  const flags = bytes.readUInt16BE(2);
  if ((flags & RESPONSE) === 0) return undefined;
  // The question comes back as it was: an answer to another one is a forgery or an accident.
  const asked = bytes.toString('latin1', HEADER, question.length).toLowerCase();
  if (asked !== question.toString('latin1', HEADER).toLowerCase()) return undefined;
  const addresses: string[] = [];
  let at = question.length;
  for (let left = bytes.readUInt16BE(6); left > 0; left--) {
    const fixed = afterName(bytes, at);
    if (fixed === undefined || fixed + 10 > bytes.length) break;
    const start = fixed + 10;
    const end = start + bytes.readUInt16BE(fixed + 8);
    if (end > bytes.length) break;
    if (bytes.readUInt16BE(fixed) === type) {
      const address = formatIP(bytes, start, end);
      if (address !== undefined) addresses.push(address);
    }
    at = end;
  }
  return { code: flags & 0xf, truncated: (flags & TRUNCATED) !== 0, addresses };
}
