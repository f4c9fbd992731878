// Checks of process and thread numbers.

const PID_MAX_LIMIT = 4_194_304;

/** Throws unless the value can be the number of a process or thread. */
export function assertPid(value: unknown, name: string): asserts value is number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number: ${String(value)}`);
  if (!Number.isInteger(value) || value < 1 || value > PID_MAX_LIMIT) {
    throw new RangeError(`${name} must be an integer from 1 to ${PID_MAX_LIMIT}: ${value}`);
  }
}
