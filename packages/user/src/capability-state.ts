// The capabilities and securebits of a process.
import { readFileSync } from 'node:fs';
import { PR } from '@ns/core/authors';
import { syscall } from '@ns/core/sys';
import { type CapabilitySet, fromBits } from './capability.js';

/** The five sets of a thread. @see capabilities(7) */
export interface CapabilityState {
  /** What it can do now. */
  readonly effective: CapabilitySet;
  /** What it can make effective. */
  readonly permitted: CapabilitySet;
  /** What files with inheritable capabilities can give to what it execs. */
  readonly inheritable: CapabilitySet;
  /** What it can ever gain by exec. */
  readonly bounding: CapabilitySet;
  /** What it keeps when it execs as another user than root. */
  readonly ambient: CapabilitySet;
}

/** The five sets in the text of /proc/PID/status. */
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
 * The capabilities of a process, in its own user namespace. Default: the calling thread's.
 *
 * @throws {Error} with code ENOENT if there is no such process
 * @see capget(2), capabilities(7), getpcaps(8)
 */
export function readCapabilities(pid?: number): CapabilityState {
  if (pid !== undefined && (!Number.isInteger(pid) || pid < 1)) {
    throw new TypeError(`pid must be a positive integer: ${String(pid)}`);
  }
  return parseCapabilities(readFileSync(`/proc/${pid ?? 'thread-self'}/status`, 'utf8'));
}

/** How the kernel treats uid 0 and the capabilities of a thread; each can be locked. */
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

/** Which securebits are set, and which of them cannot be changed any more. */
export interface SecurebitsState {
  readonly set: ReadonlySet<Securebit>;
  readonly locked: ReadonlySet<Securebit>;
}

const securebitNames = Object.keys(securebits) as Securebit[];

/** What a number that prctl(2) gives says. The lock of a bit is the next one. */
export function parseSecurebits(bits: number): SecurebitsState {
  const where = (shift: number) =>
    new Set(securebitNames.filter((name) => bits & (securebits[name] << shift)));
  return { set: where(0), locked: where(1) };
}

/**
 * The securebits of the calling thread.
 *
 * @see prctl(2) PR_GET_SECUREBITS, capabilities(7)
 */
export function readSecurebits(): SecurebitsState {
  return parseSecurebits(syscall('prctl', PR.GET_SECUREBITS, 0, 0, 0, 0));
}
