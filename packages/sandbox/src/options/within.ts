/** Runs the check of another package: its errors get the name that the argument has here. */
export function within<Result>(name: string, check: () => Result): Result {
  try {
    return check();
  } catch (error) {
    const message = `${name}.${(error as Error).message}`;
    if (error instanceof RangeError) throw new RangeError(message, { cause: error });
    if (error instanceof TypeError) throw new TypeError(message, { cause: error });
    throw error;
  }
}
