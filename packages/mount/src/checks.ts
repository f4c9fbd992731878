// Checks of arguments, made before any system call.

/** Throws unless the value is a path that a system call can take. */
export function assertPath(value: unknown, name: string): asserts value is string {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string: ${String(value)}`);
  if (value === '') throw new TypeError(`${name} must not be empty`);
  if (value.includes('\0')) throw new TypeError(`${name} must not contain a NUL character`);
}

/** Throws unless the value is undefined or a boolean. */
export function assertFlag(value: unknown, name: string): asserts value is boolean | undefined {
  if (value !== undefined && typeof value !== 'boolean') {
    throw new TypeError(`${name} must be a boolean: ${String(value)}`);
  }
}

/** Throws unless the value is undefined or an integer from 0 to a largest one. */
export function assertCount(
  value: unknown,
  name: string,
  most = Number.MAX_SAFE_INTEGER,
): asserts value is number | undefined {
  if (value === undefined) return;
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number: ${String(value)}`);
  if (!Number.isInteger(value) || value < 0 || value > most) {
    throw new RangeError(`${name} must be an integer from 0 to ${most}: ${value}`);
  }
}

/** Throws unless the value is undefined or permission bits, such as 0o755. */
export function assertMode(value: unknown, name: string): asserts value is number | undefined {
  assertCount(value, name, 0o7777);
}

/** Throws unless the value is undefined or one of these texts. */
export function assertOneOf(value: unknown, list: readonly string[], name: string): void {
  if (value !== undefined && !list.includes(value as string)) {
    throw new TypeError(`${name} must be one of ${list.join(', ')}: ${String(value)}`);
  }
}

/** Throws unless the value is a text that is not empty. */
export function assertText(value: unknown, name: string): asserts value is string {
  assertPath(value, name);
}
