// How callers name an interface.
import { type Parser, parse } from '@ns/core/authors';

/** Longest name of an interface in bytes, without the NUL. */
export const IFNAME_MAX = 15;
/** Longest alternative name. */
const ALTNAME_MAX = 127;

/** An interface: its name (also an alternative one) or its index. */
export type Device = string | number;

/** The parser of the index of an interface. */
export const ifindex: Parser<number> = parse.integer(1, 2 ** 31 - 1);

/** The parser of an interface that is there. */
export const device: Parser<Device> = (value, name) => {
  if (typeof value === 'number') return ifindex(value, name);
  if (typeof value !== 'string' || value === '' || /[\s/\0]/.test(value)) {
    return parse.refuse(name, 'the name or the index of an interface', value);
  }
  if (value.length > ALTNAME_MAX) {
    parse.refuse(name, `the name of an interface, at most ${ALTNAME_MAX} characters`, value);
  }
  return value;
};

/** The parser of a name that an interface gets. */
export const linkName: Parser<string> = (value, name) => {
  if (typeof value !== 'string' || /^\.{0,2}$|[\s/:\0]/.test(value)) {
    return parse.refuse(name, 'the name of an interface', value);
  }
  if (Buffer.byteLength(value) > IFNAME_MAX) {
    parse.outOfRange(name, `the name of an interface, at most ${IFNAME_MAX} bytes`, value);
  }
  return value;
};

/** Returns the parser of a value that may also be `null`. */
export function nullable<Value>(parser: Parser<Value>): Parser<Value | null> {
  return (value, name) => (value === null ? null : parser(value, name));
}
