// Checks of arguments: a TypeError or a RangeError that names the argument, before any system call.

/** Refuses a value. */
export function fail(name: string, expected: string, value: unknown): never {
  throw new TypeError(`${name} must be ${expected}: ${String(value)}`);
}

/** Throws unless it is a text that the kernel can take. */
export function checkText(name: string, value: unknown): void {
  if (typeof value !== 'string') fail(name, 'a string', value);
  if (value.includes('\0')) throw new TypeError(`${name} must not contain a NUL character`);
}

export function checkId(name: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== 'number') fail(name, 'a number', value);
  if (!Number.isInteger(value) || value < 0 || value >= 0xffff_ffff) {
    throw new RangeError(`${name} must be an id from 0 to 4294967294: ${value}`);
  }
}

export function checkCount(name: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== 'number') fail(name, 'a number', value);
  if (Number.isNaN(value) || value < 0)
    throw new RangeError(`${name} must not be negative: ${value}`);
}

export function checkBoolean(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') fail(name, 'a boolean', value);
}

export function checkFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') fail(name, 'a function', value);
}
