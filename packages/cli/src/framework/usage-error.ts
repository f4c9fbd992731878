/** The error of a wrong command line. It is reported with a pointer to the help. */
export class UsageError extends Error {
  static {
    UsageError.prototype.name = 'UsageError';
  }
}
