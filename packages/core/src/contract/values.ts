// Parsers of simple values.
import { allNamespaceTypes, isNamespaceType, type NamespaceType } from '../sys/namespace-types.js';
import { type SignalName, signalNumber } from '../sys/signals.js';
import { outOfRange, type Parser, refuse } from './parser.js';

/** A boolean. */
export const boolean: Parser<boolean> = (value, name) =>
  typeof value === 'boolean' ? value : refuse(name, 'a boolean', value);

/** A string that the kernel can take: without a NUL character. */
export const text: Parser<string> = (value, name) => {
  if (typeof value !== 'string') refuse(name, 'a string', value);
  if (value.includes('\0')) refuse(name, 'a string without NUL characters', value);
  return value;
};

/** A path: a string that is not empty and has no NUL character. */
export const path: Parser<string> = (value, name) =>
  text(value, name) === '' ? refuse(name, 'a path, not an empty string', value) : (value as string);

/** A path that begins with a slash. */
export const absolutePath: Parser<string> = (value, name) => {
  if (!path(value, name).startsWith('/')) refuse(name, 'an absolute path', value);
  return value as string;
};

/** Returns the parser of an integer from `least` to `most`. */
export function integer(least: number, most: number = Number.MAX_SAFE_INTEGER): Parser<number> {
  const range =
    most === Number.MAX_SAFE_INTEGER
      ? `an integer of at least ${least}`
      : `an integer from ${least} to ${most}`;
  return (value, name) => {
    if (typeof value !== 'number') refuse(name, range, value);
    return Number.isSafeInteger(value) && value >= least && value <= most
      ? value
      : outOfRange(name, range, value);
  };
}

/** A user or group id. The largest number of 32 bits means "unchanged" to the kernel. */
export const id: Parser<number> = integer(0, 0xffff_fffe);

/** Largest pid that Linux gives out: PID_MAX_LIMIT. */
const MAX_PID = 2 ** 22;

/** The number of a process or thread. */
export const pid: Parser<number> = (value, name) => {
  const expected = `a pid from 1 to ${MAX_PID}`;
  if (typeof value !== 'number') refuse(name, expected, value);
  return Number.isInteger(value) && value >= 1 && value <= MAX_PID
    ? value
    : outOfRange(name, expected, value);
};

/** A namespace type. */
export const namespaceType: Parser<NamespaceType> = (value, name) =>
  isNamespaceType(value) ? value : refuse(name, `one of ${allNamespaceTypes.join(', ')}`, value);

/** A file descriptor. */
export const descriptor: Parser<number> = integer(0, 0x7fff_ffff);

/** A signal by its name, in upper or lower case, or by its number; 0 is one. The result is the number. */
export const signal: Parser<number> = (value, name) => signalNumber(value as SignalName, name);

/** An AbortSignal. */
export const abortSignal: Parser<AbortSignal> = (value, name) =>
  value instanceof AbortSignal ? value : refuse(name, 'an AbortSignal', value);

/** Returns the parser of a function. */
export function callback<Callback>(): Parser<Callback> {
  return (value, name) =>
    typeof value === 'function' ? (value as Callback) : refuse(name, 'a function', value);
}

/** Returns the parser of one of a few values. */
export function oneOf<const Values extends readonly (string | number | boolean)[]>(
  ...values: Values
): Parser<Values[number]> {
  const known: ReadonlySet<unknown> = new Set(values);
  const expected = values.map((value) => JSON.stringify(value)).join(', ');
  return (value, name) =>
    known.has(value) ? (value as Values[number]) : refuse(name, `one of ${expected}`, value);
}

/** Returns the parser of an array; the items of a sparse one are `undefined`. */
export function list<Item>(item: Parser<Item>): Parser<Item[]> {
  return (value, name) => {
    if (!Array.isArray(value)) refuse(name, 'an array', value);
    return Array.from(value, (one: unknown, i) => item(one, `${name}[${i}]`));
  };
}

/** Returns the parser of an object whose keys are the caller's choice. The result has no prototype. */
export function record<Item>(item: Parser<Item>): Parser<Record<string, Item>> {
  return (value, name) => {
    const result: Record<string, Item> = Object.create(null);
    for (const [key, one] of Object.entries(ownMembers(value, name))) {
      result[key] = item(one, `${name}.${key}`);
    }
    return result;
  };
}

/** Returns a copy of an object without a prototype, for internal values with members that can be left out. */
export function withoutPrototype<Value extends object>(value: Value): Value {
  return Object.assign(Object.create(null), value);
}

/**
 * Returns the own members of an object, without a prototype: what a polluted `Object.prototype` has is
 * not an option of the caller's.
 */
export function ownMembers(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    refuse(name, 'an object', value);
  }
  return Object.assign(Object.create(null), value);
}
