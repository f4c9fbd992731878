// The text form of capabilities, as libcap writes and reads it: `cap_net_admin,cap_sys_admin=ep`.
import { parse } from '@ns/core/authors';
import {
  type Capability,
  type CapabilitySet,
  capabilityName,
  capabilityNames,
} from './capability.js';

/** The three sets that the text form knows. */
export interface CapabilitySets {
  readonly effective: CapabilitySet;
  readonly permitted: CapabilitySet;
  readonly inheritable: CapabilitySet;
}

// Bits of a capability's state, in the order of libcap.
const EFFECTIVE = 1;
const PERMITTED = 2;
const INHERITABLE = 4;
const STATES = [7, 6, 5, 4, 3, 2, 1, 0] as const;

/** Returns the letters of a state, in the order in which libcap writes them. */
function letters(state: number): string {
  return (
    (state & EFFECTIVE ? 'e' : '') +
    (state & INHERITABLE ? 'i' : '') +
    (state & PERMITTED ? 'p' : '')
  );
}

/**
 * Returns capabilities as cap_to_text(3) does: the commonest state first, for all, and then those that
 * differ from it.
 *
 * @example formatCapabilities(readCapabilities()) // '=ep'
 */
export function formatCapabilities({ effective, permitted, inheritable }: CapabilitySets): string {
  const groups = new Map<number, Capability[]>(STATES.map((state) => [state, []]));
  for (const name of capabilityNames) {
    const state =
      (effective.has(name) ? EFFECTIVE : 0) |
      (permitted.has(name) ? PERMITTED : 0) |
      (inheritable.has(name) ? INHERITABLE : 0);
    groups.get(state)?.push(name);
  }
  const size = (state: number) => groups.get(state)?.length ?? 0;
  const base = STATES.reduce((most, state) => (size(state) >= size(most) ? state : most));
  const clauses = base === 0 ? [] : [`=${letters(base)}`];
  for (const state of STATES) {
    if (state === base || size(state) === 0) continue;
    const more = state & ~base;
    const less = base & ~state;
    const sign = clauses.length === 0 ? '=' : '+';
    const change = (more ? sign + letters(more) : '') + (less ? `-${letters(less)}` : '');
    clauses.push(`${groups.get(state)?.join(',')}${change}`);
  }
  return clauses.length === 0 ? '=' : clauses.join(' ');
}

function stateOf(text: string): number {
  return (
    (text.includes('e') ? EFFECTIVE : 0) |
    (text.includes('p') ? PERMITTED : 0) |
    (text.includes('i') ? INHERITABLE : 0)
  );
}

function parseClause(clause: string, states: Map<Capability, number>): void {
  const [, list = '', changes = ''] = /^([^=+-]*)((?:[=+-][eip]*)+)$/i.exec(clause) ?? [];
  const fail = () => {
    throw new TypeError(`not a clause such as "cap_net_raw=ep": ${JSON.stringify(clause)}`);
  };
  if (changes === '' || (list === '' && !changes.startsWith('='))) fail();
  const names =
    list === '' || list.toLowerCase() === 'all'
      ? capabilityNames
      : list.split(',').map((name) => capabilityName(name));
  for (const [, sign, flags = ''] of changes.matchAll(/([=+-])([eip]*)/gi)) {
    if (flags === '' && sign !== '=') fail();
    const state = stateOf(flags.toLowerCase());
    for (const name of names) {
      const old = states.get(name) ?? 0;
      states.set(name, sign === '=' ? state : sign === '+' ? old | state : old & ~state);
    }
  }
}

/**
 * Parses the text form of capabilities, as cap_from_text(3) does.
 *
 * @throws {TypeError} for text that is not of this form, or names an unknown capability
 * @example parseCapabilityText('cap_net_raw,cap_net_admin=ep').effective.has('cap_net_raw') // true
 */
export function parseCapabilityText(text: string): CapabilitySets {
  parse.text(text, 'text');
  const states = new Map<Capability, number>();
  const clauses = text.trim().split(/\s+/);
  for (const clause of clauses) parseClause(clause, states);
  const having = (bit: number) =>
    new Set(capabilityNames.filter((name) => (states.get(name) ?? 0) & bit));
  return {
    effective: having(EFFECTIVE),
    permitted: having(PERMITTED),
    inheritable: having(INHERITABLE),
  };
}
