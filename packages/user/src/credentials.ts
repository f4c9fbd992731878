// What a child's command may do: capabilities, securebits. Calls of the phase `credentials`.
import { assertKeys, ownOptions, PR, type Preparation } from '@ns/core/authors';
import {
  type CapabilityInput,
  type CapabilitySet,
  capabilityNames,
  capabilityNumber,
  capabilitySet,
  toBits,
} from './capability.js';
import { readCapabilities, type Securebit, securebits } from './capability-state.js';

/** What the command of a child may do. One of `keep` and `drop` at most. */
export interface CapabilityOptions {
  /** The capabilities that it can have; all others are gone for good. */
  keep?: 'all' | readonly CapabilityInput[];
  /** The capabilities that it cannot have. */
  drop?: 'all' | readonly CapabilityInput[];
  /**
   * Those of them that it has even though it does not run as root, and passes on to what it execs.
   * Default: none. Root has all that it can have.
   */
  ambient?: 'all' | readonly CapabilityInput[];
  /**
   * Those of them that files with inheritable capabilities can give to what it execs, besides the
   * ambient ones, which are among them. Default: none.
   */
  inheritable?: 'all' | readonly CapabilityInput[];
  /** Securebits to set and to lock. Default: none. */
  securebits?: readonly Securebit[];
  /** Whether exec gains nothing any more: no set-user-ID bits, no file capabilities. Default: false. */
  noNewPrivs?: boolean;
}

/** Options after the checks. */
export interface CheckedCapabilities {
  readonly kept: CapabilitySet;
  readonly ambient: CapabilitySet;
  readonly inheritable: CapabilitySet;
  readonly securebits: number;
  readonly noNewPrivs: boolean;
}

const CAPABILITY_VERSION_3 = 0x2008_0522;
const PR_CAP_AMBIENT_RAISE = 2;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;
// The kernel's sets have room for more than have names yet; what is not there answers EINVAL.
const ROOM = 64;

function keptOf({ keep, drop }: CapabilityOptions): CapabilitySet {
  if (keep !== undefined && drop !== undefined) {
    throw new TypeError('capabilities: give keep or drop, not both');
  }
  if (keep !== undefined) return capabilitySet(keep, 'capabilities.keep');
  if (drop === undefined) return capabilitySet('all');
  const dropped = capabilitySet(drop, 'capabilities.drop');
  return new Set(capabilityNames.filter((name) => !dropped.has(name)));
}

function securebitsOf(names: readonly Securebit[] = []): number {
  if (!Array.isArray(names)) {
    throw new TypeError(`capabilities.securebits must be an array: ${String(names)}`);
  }
  let bits = 0;
  for (const name of names as readonly Securebit[]) {
    if (!Object.hasOwn(securebits, name)) {
      throw new TypeError(`capabilities.securebits: unknown: ${String(name)}`);
    }
    bits |= securebits[name] | (securebits[name] << 1);
  }
  return bits;
}

function keptOnly(
  wanted: CapabilityOptions['ambient'],
  kept: CapabilitySet,
  argument: string,
): CapabilitySet {
  if (wanted === undefined) return new Set();
  if (wanted === 'all') return kept;
  const set = capabilitySet(wanted, argument);
  for (const name of set) {
    if (!kept.has(name)) throw new TypeError(`${argument}: ${name} is not kept`);
  }
  return set;
}

/** @throws {TypeError} for unknown names, and for ambient and inheritable ones that are not kept */
export function checkCapabilities(given: CapabilityOptions): CheckedCapabilities {
  const names = ['keep', 'drop', 'ambient', 'inheritable', 'securebits', 'noNewPrivs'];
  assertKeys(given, names, 'capabilities');
  const options = ownOptions(given);
  const { noNewPrivs = false } = options;
  const kept = keptOf(options);
  const ambient = keptOnly(options.ambient, kept, 'capabilities.ambient');
  const inheritable = keptOnly(options.inheritable, kept, 'capabilities.inheritable');
  if (typeof noNewPrivs !== 'boolean') {
    throw new TypeError(`capabilities.noNewPrivs must be a boolean: ${String(noNewPrivs)}`);
  }
  const bits = securebitsOf(options.securebits);
  if (ambient.size > 0 && bits & securebits.noCapAmbientRaise) {
    throw new TypeError('capabilities.ambient: the securebit noCapAmbientRaise forbids it');
  }
  return { kept, ambient, inheritable, securebits: bits, noNewPrivs };
}

/** Memory for capset(2): a header, and both halves of each set. */
function capabilityMemory(sets: { held: bigint; inheritable: bigint }) {
  const header = new DataView(new ArrayBuffer(8));
  header.setUint32(0, CAPABILITY_VERSION_3, true);
  const data = new DataView(new ArrayBuffer(24));
  for (const half of [0, 1]) {
    const part = (bits: bigint) => Number((bits >> BigInt(half * 32)) & 0xffff_ffffn);
    data.setUint32(half * 12, part(sets.held), true);
    data.setUint32(half * 12 + 4, part(sets.held), true);
    data.setUint32(half * 12 + 8, part(sets.inheritable), true);
  }
  return [new Uint8Array(header.buffer), new Uint8Array(data.buffer)] as const;
}

/**
 * Adds what limits the capabilities of a child's command. Root has what the bounding set leaves;
 * others have the ambient ones.
 *
 * @param child being planned: for the `prepare` of a specification
 * @throws {TypeError} for unknown names
 * @see capabilities(7), capset(2), prctl(2)
 */
export function addCapabilities(child: Preparation, options: CapabilityOptions): void {
  const { kept, ambient, securebits: bits, noNewPrivs, ...checked } = checkCapabilities(options);
  const program = child.program('credentials');
  const step = 'limiting its capabilities';
  // A change of ids has made them ineffective. In a user namespace that it has made or joined a child has them all, elsewhere those of the caller.
  const hasAll = child.creates.has('user') || child.joins.has('user');
  const held = toBits(hasAll ? capabilityNames : readCapabilities().permitted);
  // What is inheritable is for files to give away: no more than is asked for, and what is ambient.
  const inheritable = toBits([...checked.inheritable, ...ambient]);
  program.call('capset', ...capabilityMemory({ held, inheritable }), { step });
  const keptNumbers = new Set([...kept].map(capabilityNumber));
  for (let number = 0; number < ROOM; number++) {
    // What has no name here, of a newer kernel, is kept only with all.
    if (
      keptNumbers.has(number) ||
      (number >= capabilityNames.length && kept.size === capabilityNames.length)
    )
      continue;
    program.call('prctl', PR.CAPBSET_DROP, number, 0, 0, 0, { step, tolerate: ['EINVAL'] });
  }
  program.call('prctl', PR.CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0, { step });
  for (const name of ambient) {
    const number = capabilityNumber(name);
    program.call('prctl', PR.CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0, { step });
  }
  if (bits !== 0) program.call('prctl', PR.SET_SECUREBITS, bits, 0, 0, 0, { step });
  if (noNewPrivs) program.call('prctl', PR.SET_NO_NEW_PRIVS, 1, 0, 0, 0, { step });
}
