// Reads tar archives: ustar, pax and GNU's long names. It undoes no compression and decodes no name, so
// what it gives is what has been counted, byte for byte. What readers understand differently is refused.
import { ArchiveError } from './archive-error.js';
import { shownName } from './names.js';

const BLOCK = 512;
/** Most bytes of an extended header or of a long name. */
const MAX_EXTENSION = 1024 * 1024;
const NO_BYTES = Buffer.alloc(0);

/** The type of an entry. Devices and FIFOs are `special`. */
export type EntryType = 'file' | 'directory' | 'symlink' | 'link' | 'special';

/** An entry of an archive. */
export interface TarEntry {
  readonly type: EntryType;
  /** Its name, one character for each byte. */
  readonly name: string;
  /** The target of a link, one character for each byte. */
  readonly target: string;
  readonly mode: number;
  /** Bytes of its content. */
  readonly size: number;
  readonly modified: Date | undefined;
  /** Its content, for the time until the next entry is asked for. */
  content(): AsyncGenerator<Buffer>;
}

const TYPES: Readonly<Record<string, EntryType>> = {
  '\0': 'file',
  0: 'file',
  7: 'file',
  1: 'link',
  2: 'symlink',
  3: 'special',
  4: 'special',
  5: 'directory',
  6: 'special',
};

/** Members of extension headers, for the entry after them. */
interface Extension {
  path?: string;
  linkpath?: string;
  size?: string;
  mtime?: string;
}

/** Bytes that come in pieces of any size. */
class Bytes {
  readonly #source: AsyncIterator<Buffer>;
  #rest: Buffer = NO_BYTES;

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next bytes, at most this many; none at the end. */
  async some(most: number): Promise<Buffer> {
    while (this.#rest.length === 0) {
      const next = await this.#source.next();
      if (next.done) return NO_BYTES;
      this.#rest = next.value;
    }
    const taken = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }

  /** Exactly this many bytes; fewer at the end. */
  async exactly(length: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let left = length; left > 0; ) {
      const piece = await this.some(left);
      if (piece.length === 0) break;
      pieces.push(piece);
      left -= piece.length;
    }
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  }
}

const damaged = (what: string) => new ArchiveError(`it is damaged: ${what}`);

/** A text up to the first NUL, one character for each byte. */
function text(block: Buffer, offset: number, length: number): string {
  const field = block.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return field.toString('latin1', 0, end < 0 ? field.length : end);
}

/** A number in octal digits, or in binary if its first bit is set; an empty field is 0. */
function number(block: Buffer, offset: number, length: number, name: string): number {
  if ((block[offset] as number) & 0x80) {
    const digits = Buffer.from(block.subarray(offset, offset + length));
    digits[0] = (digits[0] as number) & 0x7f;
    const value = Number(BigInt(`0x${digits.toString('hex')}`));
    if (Number.isSafeInteger(value)) return value;
  } else {
    const digits = text(block, offset, length).trim();
    if (/^[0-7]*$/.test(digits)) return digits === '' ? 0 : Number.parseInt(digits, 8);
  }
  throw damaged(`a header has a ${name} that is not a number`);
}

/** A date before 1970 is of no use, and some that archives can have no file system takes. */
function dateOf(block: Buffer): number {
  return (block[136] as number) === 0xff ? 0 : number(block, 136, 12, 'time');
}

function checkSum(block: Buffer): void {
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += block[i] as number;
  if (sum !== number(block, 148, 8, 'checksum')) throw damaged('checksum failure');
}

function nameOf(block: Buffer): string {
  const name = text(block, 0, 100);
  // GNU's headers, whose magic is another, have no prefix.
  const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? text(block, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

const NAMES = ['path', 'linkpath', 'size', 'mtime'] as const satisfies (keyof Extension)[];

const isKnown = (key: string) =>
  key.startsWith('GNU.sparse.') || NAMES.some((name) => name === key);

/**
 * The known records of a pax header: each is its length, a space, a key, `=`, a value and a newline.
 * Others are not kept: a header may have tens of thousands.
 */
function recordsOf(bytes: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  const content = bytes.toString('latin1');
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(' ', at);
    const digits = content.slice(at, Math.min(space, at + 9));
    const end = at + Number(digits);
    const equals = content.indexOf('=', space);
    if (!/^[1-9]\d*$/.test(digits) || end > content.length || content[end - 1] !== '\n') {
      throw damaged('an extended header has a record of another length than it says');
    }
    if (equals <= space || equals >= end) throw damaged('an extended header has no key');
    const key = content.slice(space + 1, equals);
    if (isKnown(key)) records.set(key, content.slice(equals + 1, end - 1));
    at = end;
  }
  return records;
}

function extend(extension: Extension, records: Map<string, string>): void {
  for (const [key, value] of records) {
    if (key.startsWith('GNU.sparse.')) throw new ArchiveError('it has sparse files');
    const name = NAMES.find((one) => one === key);
    if (name === undefined) continue;
    // An empty value means that of the entry's own header.
    if (value === '') delete extension[name];
    else extension[name] = value;
  }
}

function checkGlobal(records: Map<string, string>): void {
  for (const key of ['path', 'linkpath', 'size']) {
    if (records.has(key)) throw new ArchiveError(`a global header gives all entries one ${key}`);
  }
  extend({}, records);
}

function sizeOf({ size }: Extension, block: Buffer): number {
  if (size === undefined) return number(block, 124, 12, 'size');
  const value = Number(size);
  if (!/^\d+$/.test(size) || !Number.isSafeInteger(value)) throw damaged('a size is not a number');
  return value;
}

function withoutNul(name: string, what: string): string {
  if (name === '') throw damaged(`an entry has no ${what}`);
  if (name.includes('\0')) throw damaged(`${shownName(name)} has a NUL in it`);
  return name;
}

function modifiedAt({ mtime }: Extension, block: Buffer): Date | undefined {
  const date = new Date((mtime === undefined ? dateOf(block) : Number(mtime)) * 1000);
  return Number.isFinite(date.getTime()) ? date : undefined;
}

async function* contentOf(bytes: Bytes, left: { size: number }): AsyncGenerator<Buffer> {
  while (left.size > 0) {
    const piece = await bytes.some(left.size);
    if (piece.length === 0) throw damaged('it is cut off');
    left.size -= piece.length;
    yield piece;
  }
}

async function extension(bytes: Bytes, block: Buffer): Promise<Buffer> {
  const size = number(block, 124, 12, 'size');
  if (size > MAX_EXTENSION) {
    throw new ArchiveError(`it has a header of ${size} bytes, more than ${MAX_EXTENSION}`);
  }
  const content = await bytes.exactly(paddedTo(size));
  if (content.length < size) throw damaged('it is cut off');
  return content.subarray(0, size);
}

const paddedTo = (size: number) => Math.ceil(size / BLOCK) * BLOCK;

/** Reads a header that is about the entry after it; false for any other. */
async function isExtension(bytes: Bytes, block: Buffer, about: Extension): Promise<boolean> {
  switch (text(block, 156, 1)) {
    case 'x':
    case 'X':
      extend(about, recordsOf(await extension(bytes, block)));
      return true;
    case 'g':
      checkGlobal(recordsOf(await extension(bytes, block)));
      return true;
    case 'L':
      about.path = text(await extension(bytes, block), 0, MAX_EXTENSION);
      return true;
    case 'K':
      about.linkpath = text(await extension(bytes, block), 0, MAX_EXTENSION);
      return true;
    default:
      return false;
  }
}

/** An entry by its header and what has been said of it before. */
function entryOf(block: Buffer, about: Extension): Omit<TarEntry, 'content'> {
  const name = withoutNul(about.path ?? nameOf(block), 'name');
  const flag = block.toString('latin1', 156, 157);
  const known = Object.hasOwn(TYPES, flag) ? TYPES[flag] : undefined;
  if (known === undefined) {
    throw new ArchiveError(
      `${shownName(name)} is of type ${JSON.stringify(flag)}, which is not supported`,
    );
  }
  // As directories were marked before they had a type of their own.
  const type = known === 'file' && name.endsWith('/') ? 'directory' : known;
  const size = sizeOf(about, block);
  const isLink = type === 'link' || type === 'symlink';
  if (size > 0 && (isLink || type === 'special')) {
    throw new ArchiveError(`${shownName(name)} has content, which is not supported for its type`);
  }
  return {
    type,
    name,
    target: isLink ? withoutNul(about.linkpath ?? text(block, 157, 100), 'target') : '',
    mode: number(block, 100, 8, 'mode') & 0o7777,
    // Some write the size that the file system gives for a directory; content follows none.
    size: type === 'directory' ? 0 : size,
    modified: modifiedAt(about, block),
  };
}

/**
 * Reads the entries of an archive that comes in pieces, decompressed.
 *
 * @throws {ArchiveError} for what is damaged, or has more than one meaning
 * @see tar(5), pax(1)
 */
export async function* readTar(
  source: AsyncIterable<Buffer>,
  onHeader: () => void,
): AsyncGenerator<TarEntry> {
  const bytes = new Bytes(source);
  let about: Extension = {};
  let empty = 0;
  for (let first = true; empty < 2; first = false) {
    const block = await bytes.exactly(BLOCK);
    if (block.length === 0 && !first) break; // the two empty blocks at the end are often missing
    if (block.length < BLOCK) throw damaged('it is cut off');
    if (block.every((byte) => byte === 0)) {
      empty++;
      continue;
    }
    empty = 0;
    checkSum(block);
    onHeader();
    if (await isExtension(bytes, block, about)) continue;
    const entry = entryOf(block, about);
    about = {};
    const left = { size: entry.size };
    yield { ...entry, content: () => contentOf(bytes, left) };
    for await (const _ of contentOf(bytes, left)) {
      // What the reader has not asked for.
    }
    const padding = paddedTo(entry.size) - entry.size;
    if ((await bytes.exactly(padding)).length < padding) throw damaged('it is cut off');
  }
  while ((await bytes.some(Number.MAX_SAFE_INTEGER)).length > 0) {
    // What stands behind the end counts, and its hash is verified.
  }
}
