// Which network namespace a word means: a process id, a path, or a name of `ip netns`.
import type { Namespace } from '@ns/core';
import { named } from '@ns/net';
import { openPlace } from '../place.js';

/** A handle of it. */
export function openNetPlace(text: string): Namespace {
  return text.includes('/') || /^[1-9]\d{0,9}$/.test(text)
    ? openPlace(text, 'net')
    : named.open(text);
}
