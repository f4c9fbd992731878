// How handles are recognised: by a symbol that all copies of this package share.
import type { Namespace } from './namespace.js';

/** Present in every handle. */
export const brand = Symbol.for('@ns/Namespace');

/** Whether a value is a handle, also one of another copy of this package. */
export function isNamespace(value: unknown): value is Namespace {
  return typeof value === 'object' && value !== null && brand in value;
}
