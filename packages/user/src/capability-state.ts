// The capabilities and securebits of a process.
import { readFileSync } from 'node:fs';
import { PR, parse } from '@ns/core/authors';
import { syscall } from '@ns/core/sys';
import { type CapabilitySet, fromBits } from './capability.js';

/** The five sets of a thread. @see capabilities(7) */
export interface CapabilityState {
  /** The capabilities that it uses. */
  readonly effective: CapabilitySet;
  /** The capabilities that it can make effective. */
  readonly permitted: CapabilitySet;
  /** The capabilities that files with inheritable ones can give it at exec. */
  readonly inheritable: CapabilitySet;
  /** The upper limit of what it gains by exec. */
  readonly bounding: CapabilitySet;
  /** The capabilities that it keeps when it execs as another user than root. */
  readonly ambient: CapabilitySet;
}

/** Parses the five sets in the text of /proc/PID/status. */
export function parseCapabilities(status: string): CapabilityState {
  const field = (name: string) => {
    const hex = new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1];
    if (hex === undefined) throw new TypeError(`not the status of a process: it has no ${name}`);
    return fromBits(BigInt(`0x${hex}`));
  };
  return {
    effective: field('CapEff'),
    permitted: field('CapPrm'),
    inheritable: field('CapInh'),
    bounding: field('CapBnd'),
    ambient: field('CapAmb'),
  };
}

/**
 * Reads the capabilities of a process, in its own user namespace. Default: the calling thread's.
 *
 * @throws {Error} with code ENOENT if the process does not exist
 * @see capget(2), capabilities(7), getpcaps(8)
 */
export function readCapabilities(pid?: number | undefined): CapabilityState {
  const task = pid === undefined ? 'thread-self' : parse.pid(pid, 'pid');
  return parseCapabilities(readFileSync(`/proc/${task}/status`, 'utf8'));
}

/** Bits for the kernel's treatment of uid 0 and of capabilities; each can be locked. */
export const securebits = Object.freeze({
  /** Exec as root gains no capabilities. */
  noroot: 1,
  /** A change of uids takes no capabilities. */
  noSetuidFixup: 4,
  /** Capabilities stay permitted when the last uid of 0 goes; cleared by exec. */
  keepCaps: 16,
  /** No ambient capabilities can be added. */
  noCapAmbientRaise: 64,
});

/** Name of a securebit. */
export type Securebit = keyof typeof securebits;

/** The securebits that are set, and those that cannot be changed any more. */
export interface SecurebitsState {
  readonly set: ReadonlySet<Securebit>;
  readonly locked: ReadonlySet<Securebit>;
}

const securebitNames = Object.keys(securebits) as Securebit[];

/** Parses the number that prctl(2) gives. The lock of a bit is the next one. */
export function parseSecurebits(bits: number): SecurebitsState {
  const shifted = (shift: number) =>
    new Set(securebitNames.filter((name) => bits & (securebits[name] << shift)));
  return { set: shifted(0), locked: shifted(1) };
}

/**
 * Reads the securebits of the calling thread.
 *
 * @see prctl(2) PR_GET_SECUREBITS, capabilities(7)
 */
export function readSecurebits(): SecurebitsState {
  return parseSecurebits(syscall('prctl', PR.GET_SECUREBITS, 0, 0, 0, 0));
}
