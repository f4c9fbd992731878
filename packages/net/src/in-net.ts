// The option `in`: the network namespace that a function works in.
import { Namespace } from '@ns/core';
import { inNamespace, type Parser, parse } from '@ns/core/authors';
import { namespaceName } from './named/names.js';

/**
 * A network namespace: a handle, the pid of a process that is in it, `'self'` for the one of the calling
 * process, or its name as `ip netns` knows it.
 */
export type NetTarget = Namespace | number | string;

/** The network namespace that a function works in. */
export interface InNetOptions {
  /**
   * A handle of the namespace, the pid of a process that is in it, `'self'` for the one of the calling
   * process, or its name as `ip netns` knows it. Default: that of the calling thread.
   */
  in?: NetTarget | undefined;
}

const inHandle = inNamespace('net');

/** The parser of the option `in` for network namespaces, which have names as well. */
export const inNet: Parser<NetTarget> = (value, name) => {
  if (typeof value === 'string' && value !== 'self') return namespaceName(value, name);
  if (typeof value === 'string' || typeof value === 'number' || Namespace.isNamespace(value)) {
    return inHandle(value, name);
  }
  return parse.refuse(name, "a handle of a net namespace, a pid, 'self' or a name", value);
};
