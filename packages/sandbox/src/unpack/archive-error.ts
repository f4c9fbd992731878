// An archive or image that is not unpacked.

const brand = Symbol.for('@ns/ArchiveError');

/** An archive that is damaged, hostile, too large, or of a kind that is not known. */
export class ArchiveError extends Error {
  static {
    ArchiveError.prototype.name = 'ArchiveError';
    Object.defineProperty(ArchiveError.prototype, brand, { value: true });
  }
}

/** Whether a value is an {@link ArchiveError}, also one of another copy of this package. */
export function isArchiveError(value: unknown): value is ArchiveError {
  return value instanceof Error && brand in value;
}
