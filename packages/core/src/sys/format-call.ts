// Writes a system call the way strace does: for error messages and Program.explain().
import { AT, CLONE, CLOSE_RANGE_CLOEXEC, F, flagNames, MNT, MS, PR } from './flags.js';

type Formatter = (value: number | bigint) => string;

const flags =
  (prefix: string, table: Readonly<Record<string, number>>): Formatter =>
  (value) =>
    flagNames(prefix, table, value);

const oneOf =
  (prefix: string, table: Readonly<Record<string, number>>): Formatter =>
  (value) => {
    const name = Object.keys(table).find((key) => table[key] === Number(value));
    return name === undefined ? String(value) : `${prefix}${name}`;
  };

const directory: Formatter = (value) => (Number(value) === AT.FDCWD ? 'AT_FDCWD' : String(value));
const octal: Formatter = (value) => `0${value.toString(8)}`;
const namespaces = flags('CLONE_', CLONE);

// Which argument of which call is more than a number.
const formatters: Readonly<Record<string, readonly (Formatter | undefined)[]>> = {
  clone3: [namespaces],
  unshare: [namespaces],
  setns: [undefined, namespaces],
  mount: [undefined, undefined, undefined, flags('MS_', MS)],
  umount2: [undefined, flags('MNT_', MNT)],
  openat: [directory],
  mkdirat: [directory, undefined, octal],
  fcntl: [undefined, oneOf('F_', F)],
  prctl: [oneOf('PR_', PR)],
  close_range: [
    undefined,
    undefined,
    (value) => (Number(value) === CLOSE_RANGE_CLOEXEC ? 'CLOSE_RANGE_CLOEXEC' : String(value)),
  ],
  open_tree: [directory],
  move_mount: [directory, undefined, directory],
  umask: [octal],
};

const LONGEST = 64;

function text(value: string): string {
  return JSON.stringify(value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value);
}

function bytes(value: ArrayBufferView): string {
  const buffer = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const printable = /^[\t\n\x20-\x7e]+\0?$/.test(buffer.toString('latin1'));
  return printable
    ? text(buffer.toString('latin1').replace(/\0$/, ''))
    : `<${value.byteLength} bytes>`;
}

function argument(value: unknown, format: Formatter | undefined): string {
  if (value === null) return 'NULL';
  if (typeof value === 'number' || typeof value === 'bigint') {
    return format?.(value) ?? String(value);
  }
  if (typeof value === 'string') return text(value);
  if (ArrayBuffer.isView(value)) return bytes(value);
  if (Array.isArray(value)) return `[${value.map((item) => argument(item, undefined)).join(', ')}]`;
  return String(value);
}

// What a process gets may be secret, and is long in any case.
const hidden: Readonly<Record<string, number>> = { execve: 2 };

/** `mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV)`. */
export function formatCall(syscall: string, args: readonly unknown[]): string {
  const known = formatters[syscall] ?? [];
  const shown = args.map((value, i) =>
    hidden[syscall] === i && Array.isArray(value)
      ? `/* ${value.length} vars */`
      : argument(value, known[i]),
  );
  return `${syscall}(${shown.join(', ')})`;
}
