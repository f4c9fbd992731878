// Sizes, as numbers and as texts.

/** Bytes, or a text such as `'64M'`. */
export type Bytes = number | string;

const UNITS: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** A number of bytes. */
export function bytesOf(size: Bytes): number {
  if (typeof size === 'number') return size;
  const [, digits, unit = ''] = /^(\d+)([kmg]?)$/i.exec(size) ?? [];
  return Number(digits) * (UNITS[unit.toLowerCase()] ?? 1);
}
