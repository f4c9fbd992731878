// Capabilities: their names, and sets of them as bits.
import { type Parser, parse } from '@ns/core/authors';

/** Names of all capabilities, by number. @see capabilities(7) */
export const capabilityNames = Object.freeze([
  'cap_chown',
  'cap_dac_override',
  'cap_dac_read_search',
  'cap_fowner',
  'cap_fsetid',
  'cap_kill',
  'cap_setgid',
  'cap_setuid',
  'cap_setpcap',
  'cap_linux_immutable',
  'cap_net_bind_service',
  'cap_net_broadcast',
  'cap_net_admin',
  'cap_net_raw',
  'cap_ipc_lock',
  'cap_ipc_owner',
  'cap_sys_module',
  'cap_sys_rawio',
  'cap_sys_chroot',
  'cap_sys_ptrace',
  'cap_sys_pacct',
  'cap_sys_admin',
  'cap_sys_boot',
  'cap_sys_nice',
  'cap_sys_resource',
  'cap_sys_time',
  'cap_sys_tty_config',
  'cap_mknod',
  'cap_lease',
  'cap_audit_write',
  'cap_audit_control',
  'cap_setfcap',
  'cap_mac_override',
  'cap_mac_admin',
  'cap_syslog',
  'cap_wake_alarm',
  'cap_block_suspend',
  'cap_audit_read',
  'cap_perfmon',
  'cap_bpf',
  'cap_checkpoint_restore',
] as const);

/** Name of a capability, as capabilities(7) has it but in small letters. */
export type Capability = (typeof capabilityNames)[number];

/** Any of the names, with or without `cap_`, in any case; or `'all'`. */
export type CapabilityInput = Capability | (string & {});

const numbers: ReadonlyMap<string, number> = new Map(
  capabilityNames.map((name, number) => [name, number]),
);

/** Returns the name of a capability that is written in any way: `'NET_ADMIN'`, `'CAP_NET_ADMIN'`, `'cap_net_admin'`. */
export function capabilityName(input: CapabilityInput, argument = 'capability'): Capability {
  if (typeof input !== 'string') parse.refuse(argument, 'the name of a capability', input);
  const lower = input.toLowerCase();
  const name = lower.startsWith('cap_') ? lower : `cap_${lower}`;
  if (!numbers.has(name)) parse.refuse(argument, 'the name of a capability', input);
  return name as Capability;
}

/** Returns the number of a capability. */
export function capabilityNumber(name: Capability): number {
  const number = numbers.get(name);
  if (number === undefined) parse.refuse('name', 'the name of a capability', name);
  return number;
}

/** A set of capabilities, in the order of their numbers. */
export type CapabilitySet = ReadonlySet<Capability>;

/**
 * Returns the set of a list of names; `'all'` is every capability.
 *
 * @throws {TypeError} for a name that no capability has
 */
export function capabilitySet(
  input: 'all' | Iterable<CapabilityInput>,
  argument = 'capabilities',
): CapabilitySet {
  if (input === 'all') return new Set(capabilityNames);
  if (typeof input !== 'object' || input === null || !(Symbol.iterator in input)) {
    parse.refuse(argument, "'all' or a list of capabilities", input);
  }
  const names = [...input].map((name, i) => capabilityName(name, `${argument}[${i}]`));
  return fromBits(toBits(names));
}

/** A list of capabilities, or 'all'. */
export const parseCapabilitySet: Parser<CapabilitySet> = (value, name) =>
  capabilitySet(value as 'all', name);

/** Returns a set as the kernel has it: bit n for capability n. */
export function toBits(capabilities: Iterable<Capability>): bigint {
  let bits = 0n;
  for (const name of capabilities) bits |= 1n << BigInt(capabilityNumber(name));
  return bits;
}

/** Returns the set of these bits. Those of a newer kernel, which have no name here, are left out. */
export function fromBits(bits: bigint): CapabilitySet {
  return new Set(capabilityNames.filter((_, number) => (bits >> BigInt(number)) & 1n));
}
