// Network namespaces on the command line: by pid, by path, or by a name of `ip netns`.
import type { Namespace } from '@ns/core';
import { named } from '@ns/net';
import { isPid, openNamespace } from '../../arguments/open-namespace.js';

/** Opens the network namespace that a text means. */
export function openNetwork(text: string): Namespace {
  return text.includes('/') || isPid(text) ? openNamespace(text, 'net') : named.open(text);
}
