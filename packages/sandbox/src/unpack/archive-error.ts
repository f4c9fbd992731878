// The error of an archive or image that cannot be unpacked.
import { isErrorOf, nameErrorClass } from '@ns/core/authors';

/** An archive that is damaged, hostile, too large, or of an unknown kind. */
export class ArchiveError extends Error {}

nameErrorClass(ArchiveError, 'ArchiveError');

/** Returns true for an {@link ArchiveError}, also of another copy of this package. */
export function isArchiveError(value: unknown): value is ArchiveError {
  return isErrorOf(value, 'ArchiveError');
}
