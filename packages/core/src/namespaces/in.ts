// The option `in`: the namespace that a function works in. It means the same in every package.
import type { Parser } from '../contract/parser.js';
import { refuse } from '../contract/parser.js';
import { pid } from '../contract/values.js';
import type { NamespaceType } from '../sys/namespace-types.js';
import { Namespace } from './namespace.js';

/** The namespace that a function works in. */
export interface InOptions {
  /**
   * A handle of the namespace, the pid of a process that is in it, or `'self'` for the one of the
   * calling process. Default: that of the calling thread, which differs from `'self'` only after
   * unshare(2) or setns(2) on this thread.
   */
  in?: Namespace | number | 'self' | undefined;
}

/** A namespace that is given as a handle or by the pid of a process in it: the normal form of `in`. */
export type NamespaceTarget = Namespace | number;

/** Returns the parser of the option `in` for a type of namespace. */
export function inNamespace(type: NamespaceType): Parser<NamespaceTarget> {
  return (value, name) => {
    if (value === 'self') return process.pid;
    if (typeof value === 'number') return pid(value, name);
    if (!Namespace.isNamespace(value)) {
      return refuse(name, `a handle of a ${type} namespace, a pid or 'self'`, value);
    }
    if (value.type === type) return value;
    throw new TypeError(`${name} must be a ${type} namespace, got one of type ${value.type}`);
  };
}
