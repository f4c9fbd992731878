// The capabilities and securebits of a child's command. Calls of the phase `credentials`.
import { type Members, type Parser, PR, type Preparation, parse } from '@ns/core/authors';
import {
  type Capability,
  type CapabilityInput,
  type CapabilitySet,
  capabilityNames,
  capabilityNumber,
  parseCapabilitySet,
  toBits,
} from './capability.js';
import { readCapabilities, type Securebit, securebits } from './capability-state.js';

/** Privileges of a child's command. At most one of `keep` and `drop` may be given. */
export interface CapabilityOptions {
  /** The capabilities that it can have; all others are gone for good. */
  keep?: 'all' | readonly CapabilityInput[] | undefined;
  /** The capabilities that it cannot have. */
  drop?: 'all' | readonly CapabilityInput[] | undefined;
  /**
   * Those of them that it has even though it does not run as root, and passes on at exec. Default: none.
   * Root has all that it can have.
   */
  ambient?: 'all' | readonly CapabilityInput[] | undefined;
  /**
   * Those of them that files with inheritable capabilities can give at exec, besides the ambient ones,
   * which are among them. Default: none.
   */
  inheritable?: 'all' | readonly CapabilityInput[] | undefined;
  /** Securebits to set and to lock. Default: none. */
  securebits?: readonly Securebit[] | undefined;
  /** Ignore set-user-ID bits and file capabilities at exec. Default: false. */
  noNewPrivs?: boolean | undefined;
}

/** {@link CapabilityOptions} in normal form. */
export interface CommandCapabilities {
  readonly kept: CapabilitySet;
  /** `kept`: all that are kept. */
  readonly ambient: CapabilitySet | 'kept';
  readonly inheritable: CapabilitySet | 'kept';
  /** Bits for prctl(2): the securebits and their locks. */
  readonly securebits: number;
  readonly noNewPrivs: boolean;
}

const CAPABILITY_VERSION_3 = 0x2008_0522;
const PR_CAP_AMBIENT_RAISE = 2;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;
// The kernel's sets have room for more than have names yet; for those it answers EINVAL.
const ROOM = 64;
const NONE: CapabilitySet = new Set();

/** Some of the kept capabilities. */
const parseOfKept: Parser<CapabilitySet | 'kept'> = (value, name) =>
  value === 'all' ? 'kept' : parseCapabilitySet(value, name);

const securebit = parse.oneOf(...(Object.keys(securebits) as Securebit[]));

const parseMembers = parse.options({
  keep: parseCapabilitySet,
  drop: parseCapabilitySet,
  ambient: parse.withDefault(parseOfKept, NONE),
  inheritable: parse.withDefault(parseOfKept, NONE),
  securebits: parse.withDefault(parse.list(securebit), []),
  noNewPrivs: parse.withDefault(parse.boolean, false),
} satisfies Members<CapabilityOptions>);

function keptOf(keep: CapabilitySet | undefined, drop: CapabilitySet | undefined): CapabilitySet {
  if (keep) return keep;
  return new Set(drop ? capabilityNames.filter((name) => !drop.has(name)) : capabilityNames);
}

/** Throws if a set names a capability that is not kept. */
function checkKept(
  set: CapabilitySet | 'kept',
  kept: CapabilitySet,
  name: string,
  reason = 'is not kept',
): void {
  for (const capability of set === 'kept' ? [] : set) {
    if (!kept.has(capability)) throw new TypeError(`${name}: ${capability} ${reason}`);
  }
}

/** The option `capabilities`. */
export const parseCommandCapabilities: Parser<CommandCapabilities> = (value, name) => {
  const { keep, drop, ambient, inheritable, noNewPrivs, ...rest } = parseMembers(value, name);
  if (keep && drop) throw new TypeError(`${name} must have keep or drop, not both`);
  const kept = keptOf(keep, drop);
  checkKept(ambient, kept, `${name}.ambient`);
  checkKept(inheritable, kept, `${name}.inheritable`);
  let bits = 0;
  for (const bit of rest.securebits) bits |= securebits[bit] | (securebits[bit] << 1);
  const { size } = ambient === 'kept' ? kept : ambient;
  if (size > 0 && bits & securebits.noCapAmbientRaise) {
    throw new TypeError(`${name}.ambient: the securebit noCapAmbientRaise forbids it`);
  }
  return { kept, ambient, inheritable, securebits: bits, noNewPrivs };
};

/**
 * Returns capabilities without one.
 *
 * @param name of the option in errors
 * @param reason of the removal, after its name: `is taken`
 * @throws {TypeError} if they name it among the ambient or inheritable ones
 */
export function withoutCapability(
  capabilities: CommandCapabilities,
  removed: Capability,
  name: string,
  reason: string,
): CommandCapabilities {
  const kept = new Set([...capabilities.kept].filter((one) => one !== removed));
  checkKept(capabilities.ambient, kept, `${name}.ambient`, reason);
  checkKept(capabilities.inheritable, kept, `${name}.inheritable`, reason);
  return { ...capabilities, kept };
}

/** Returns the memory for capset(2): a header, and both halves of each set. */
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

/** Adds the calls that limit the capabilities of a child's command. */
export function addCommandCapabilities(
  child: Preparation,
  { kept, securebits: bits, noNewPrivs, ...sets }: CommandCapabilities,
): void {
  const ambient = sets.ambient === 'kept' ? kept : sets.ambient;
  const wanted = sets.inheritable === 'kept' ? kept : sets.inheritable;
  const program = child.program('credentials');
  const step = 'limiting its capabilities';
  // A change of ids has made them ineffective. In a user namespace that it has made or joined a child has
  // them all, elsewhere those of the caller.
  const hasAll = child.creates.has('user') || child.joins.has('user');
  const held = toBits(hasAll ? capabilityNames : readCapabilities().permitted);
  // Files give away the inheritable ones: no more than is asked for, and the ambient ones.
  const inheritable = toBits([...wanted, ...ambient]);
  program.call('capset', ...capabilityMemory({ held, inheritable }), { step });
  const keptNumbers = new Set([...kept].map(capabilityNumber));
  for (let number = 0; number < ROOM; number++) {
    // Capabilities of a newer kernel, which have no name here, are kept only with all.
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

/**
 * Adds the calls that limit the capabilities of a child's command. Root has those that the bounding set
 * leaves; other users have the ambient ones.
 *
 * @param child that is planned: for the `prepare` of a specification
 * @throws {TypeError} for unknown names
 * @see capabilities(7), capset(2), prctl(2)
 */
export function addCapabilities(child: Preparation, options: CapabilityOptions): void {
  addCommandCapabilities(child, parseCommandCapabilities(options, 'capabilities'));
}
