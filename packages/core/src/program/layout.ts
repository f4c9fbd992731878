// Puts a program into memory as native/program.h reads it, and reads results back.
import { withoutPrototype } from '../contract/values.js';
import { errnoNumber } from '../sys/errno.js';
import type { Arena } from './arena.js';
import { Call, ParentDescriptor, type ProgramArgument } from './call.js';

// struct job and struct entry: sizes and offsets.
const JOB = {
  size: 88,
  flags: 0,
  entries: 8,
  stack: 16,
  stackSize: 24,
  total: 32,
  setTid: 40,
  setTidSize: 48,
  cgroup: 56,
  count: 60,
  next: 64,
  failed: 68,
  error: 72,
  pidfd: 76,
  replacement: 80,
};
const ENTRY = {
  size: 96,
  number: 0,
  references: 4,
  checked: 5,
  expected: 8,
  condition: 12,
  tolerated: 16,
  args: 40,
  result: 88,
};
const STACK = 16384;

/** Options of the clone. */
export interface CloneOptions {
  /** Flags of clone3(2): CLONE_NEW*, CLONE_INTO_CGROUP. */
  flags: number;
  /** Descriptor of the cgroup to start in, with CLONE_INTO_CGROUP. */
  cgroup?: number;
  /** Pids to choose in the nested pid namespaces, innermost first (clone3's set_tid). */
  setTid?: readonly number[];
}

/** Upper bound of the memory that a program needs. */
export function memoryFor(entries: readonly Call[]): number {
  let size = JOB.size + STACK + 256 + entries.length * ENTRY.size;
  // What several calls name is written once.
  const shared = new Set<ProgramArgument>();
  for (const { args } of entries) {
    for (const argument of args) {
      if (typeof argument === 'string') size += sizeOf(argument);
      else if (typeof argument === 'object') shared.add(argument);
    }
  }
  for (const argument of shared) size += sizeOf(argument);
  return size;
}

function sizeOf(argument: ProgramArgument): number {
  if (typeof argument === 'string') return argument.length * 3 + 1;
  if (ArrayBuffer.isView(argument)) return argument.byteLength + 8;
  if (Array.isArray(argument)) {
    return argument.reduce((sum, text) => sum + text.length * 3 + 9, 24);
  }
  return 0;
}

/** A program in memory. */
export class Layout {
  readonly #arena: Arena;
  readonly #view: DataView;
  readonly #entries: readonly Call[];
  readonly #copies: ReadonlyMap<number, number>;
  readonly #index = new Map<Call, number>();
  // A list that several calls name (the environment, for each place in PATH) is written once.
  readonly #lists = new Map<readonly string[], number>();
  // Bytes that several calls name are the same memory: one fills them, another reads them.
  readonly #memory = new Map<Uint8Array, number>();
  #end: number;

  /**
   * @param copies number in the child of those of the parent's descriptors that have another there
   */
  constructor(
    arena: Arena,
    entries: readonly Call[],
    options: CloneOptions,
    copies: ReadonlyMap<number, number> = new Map(),
  ) {
    this.#arena = arena;
    this.#copies = copies;
    this.#view = arena.view;
    this.#entries = entries;
    this.#end = JOB.size + entries.length * ENTRY.size;
    arena.bytes.fill(0, 0, this.#end);
    entries.forEach((entry, index) => {
      this.#index.set(entry, index);
    });
    this.#writeJob(withoutPrototype(options));
    entries.forEach((entry, index) => {
      this.#writeEntry(JOB.size + index * ENTRY.size, entry);
    });
  }

  /** Address of the job, for ns_spawn. */
  get address(): bigint {
    return BigInt(this.#arena.address);
  }

  /** The pidfd of the first child, after a successful clone. */
  get pidfd(): number {
    return this.#view.getInt32(JOB.pidfd, true);
  }

  /** The pid of the child that took the first one's place, or 0. */
  get replacement(): number {
    return this.#view.getInt32(JOB.replacement, true);
  }

  /** The entry that was made last, or is being made; undefined before the first. */
  get latest(): Call | undefined {
    return this.#entries[this.#view.getInt32(JOB.next, true) - 1];
  }

  /** The entry that ended the program, if one did. */
  get failure(): { entry: Call; index: number; errno: number } | undefined {
    const index = this.#view.getInt32(JOB.failed, true);
    const entry = this.#entries[index];
    return entry && { entry, index, errno: this.#view.getInt32(JOB.error, true) };
  }

  /** Returns the result of a call in the child; negative error numbers included. */
  resultOf(call: Call): number {
    return Number(this.#view.getBigInt64(this.#position(call) + ENTRY.result, true));
  }

  /** A copy of the memory behind an argument that is bytes, as the call left it. */
  bytesOf(call: Call, argument: number): Uint8Array {
    const bytes = call.args[argument];
    if (!ArrayBuffer.isView(bytes)) throw new TypeError(`argument ${argument} is not bytes`);
    const at = this.#position(call) + ENTRY.args + argument * 8;
    const start = Number(this.#view.getBigInt64(at, true)) - this.#arena.address;
    return this.#arena.bytes.slice(start, start + bytes.byteLength);
  }

  #position(call: Call): number {
    const index = this.#index.get(call);
    if (index === undefined) throw new TypeError(`${call.name}: not a call of this program`);
    return JOB.size + index * ENTRY.size;
  }

  #writeJob({ flags, cgroup, setTid }: CloneOptions): void {
    const { address, size } = this.#arena;
    this.#word(JOB.flags, flags);
    this.#word(JOB.entries, address + JOB.size);
    this.#word(JOB.stack, address + size - STACK);
    this.#word(JOB.stackSize, STACK);
    this.#word(JOB.total, size);
    this.#view.setInt32(JOB.cgroup, cgroup ?? 0, true);
    this.#view.setInt32(JOB.count, this.#entries.length, true);
    this.#view.setInt32(JOB.failed, -1, true);
    this.#view.setInt32(JOB.pidfd, -1, true);
    if (setTid && setTid.length > 0) {
      this.#word(JOB.setTid, this.#bytes(new Uint8Array(Int32Array.from(setTid).buffer)));
      this.#word(JOB.setTidSize, setTid.length);
    }
  }

  #writeEntry(at: number, { number, args, options }: Call): void {
    const view = this.#view;
    view.setInt32(at + ENTRY.number, number, true);
    if (options.expect !== undefined) {
      view.setUint8(at + ENTRY.checked, 1);
      view.setInt32(at + ENTRY.expected, options.expect, true);
    }
    const { ifFailed, ifSucceeded } = options;
    const other = ifFailed ?? ifSucceeded;
    if (other) {
      const index = (this.#position(other) - JOB.size) / ENTRY.size;
      view.setInt32(at + ENTRY.condition, ifFailed ? -index - 1 : index + 1, true);
    }
    for (const code of options.tolerate ?? []) {
      const errno = errnoNumber(code);
      const byte = at + ENTRY.tolerated + (errno >> 3);
      view.setUint8(byte, view.getUint8(byte) | (1 << (errno & 7)));
    }
    let references = 0;
    for (let i = 0; i < args.length; i++) {
      const argument = args[i] as ProgramArgument;
      if (argument instanceof Call) references |= 1 << i;
      this.#word(at + ENTRY.args + i * 8, this.#value(argument));
    }
    view.setUint8(at + ENTRY.references, references);
  }

  #value(argument: ProgramArgument): number | bigint {
    if (argument === null) return 0;
    if (typeof argument === 'number' || typeof argument === 'bigint') return argument;
    if (typeof argument === 'string') return this.#text(argument);
    if (argument instanceof Call) return (this.#position(argument) - JOB.size) / ENTRY.size;
    if (argument instanceof ParentDescriptor) return this.#copies.get(argument.fd) ?? argument.fd;
    if (ArrayBuffer.isView(argument)) return this.#bytes(argument);
    return this.#texts(argument);
  }

  #word(at: number, value: number | bigint): void {
    if (typeof value === 'bigint') {
      this.#view.setBigInt64(at, BigInt.asIntN(64, value), true);
    } else {
      this.#view.setInt32(at, value, true); // the low half: modulo 2^32
      this.#view.setInt32(at + 4, Math.floor(value / 0x1_0000_0000), true);
    }
  }

  #text(text: string): number {
    const start = this.#end;
    const { written } = encoder.encodeInto(text, this.#arena.bytes.subarray(start));
    this.#end = start + written;
    this.#arena.bytes[this.#end++] = 0;
    return this.#arena.address + start;
  }

  #bytes(bytes: Uint8Array): number {
    const known = this.#memory.get(bytes);
    if (known !== undefined) return known;
    const start = (this.#end + 7) & ~7; // structures want their alignment
    this.#arena.bytes.set(bytes, start);
    this.#end = start + bytes.byteLength;
    this.#memory.set(bytes, this.#arena.address + start);
    return this.#arena.address + start;
  }

  #texts(texts: readonly string[]): number {
    const known = this.#lists.get(texts);
    if (known !== undefined) return known;
    const { address, bytes } = this.#arena;
    let text = this.#end;
    this.#text(texts.join('\0')); // at once: an environment has many
    const start = (this.#end + 7) & ~7;
    this.#end = start + (texts.length + 1) * 8;
    for (let i = 0; i < texts.length; i++) {
      this.#word(start + i * 8, address + text);
      text = bytes.indexOf(0, text) + 1;
    }
    this.#word(start + texts.length * 8, 0);
    this.#lists.set(texts, address + start);
    return address + start;
  }
}

const encoder = new TextEncoder();
