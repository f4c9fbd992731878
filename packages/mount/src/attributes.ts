// Attributes of a single mount, as opposed to those of its file system: struct mount_attr.
import { ownOptions } from '@ns/core/authors';
import { assertFlag, assertOneOf } from './checks.js';
import { MOUNT_ATTR } from './flags.js';
import { type Propagation, propagationFlags } from './propagation.js';

/**
 * What a mount allows. True sets an attribute, false clears it, undefined leaves it. Inside a user
 * namespace, what the owner of an outer one has set cannot be cleared (EPERM).
 */
export interface MountAttributes {
  /** No writing through this mount. */
  readonly?: boolean;
  /** Set-user-ID bits and file capabilities have no effect. */
  nosuid?: boolean;
  /** Device files cannot be opened. */
  nodev?: boolean;
  /** Nothing can be executed. */
  noexec?: boolean;
  /** Symbolic links are not followed. Linux 5.14. */
  nosymfollow?: boolean;
  /** Directories keep their access time. */
  nodiratime?: boolean;
  /** When access times are updated. `relatime` is the kernel's default. */
  atime?: 'relatime' | 'noatime' | 'strictatime';
}

/** What mount_setattr(2) changes. */
export interface AttributeChange {
  /** MOUNT_ATTR_* bits to set. */
  readonly set: number;
  /** MOUNT_ATTR_* bits to clear. */
  readonly clear: number;
}

const BITS = {
  readonly: MOUNT_ATTR.RDONLY,
  nosuid: MOUNT_ATTR.NOSUID,
  nodev: MOUNT_ATTR.NODEV,
  noexec: MOUNT_ATTR.NOEXEC,
  nosymfollow: MOUNT_ATTR.NOSYMFOLLOW,
  nodiratime: MOUNT_ATTR.NODIRATIME,
} as const;
const ATIMES = {
  relatime: 0,
  noatime: MOUNT_ATTR.NOATIME,
  strictatime: MOUNT_ATTR.STRICTATIME,
} as const;

/** Names of the options in {@link MountAttributes}. */
export const attributeNames = [...Object.keys(BITS), 'atime'];

/** The bits that these attributes set and clear. */
export function attributeChange(attributes: MountAttributes, name = 'mount'): AttributeChange {
  const own = ownOptions(attributes, name);
  let set = 0;
  let clear = 0;
  for (const [key, bit] of Object.entries(BITS)) {
    const value = own[key as keyof typeof BITS];
    assertFlag(value, `${name}.${key}`);
    if (value === undefined) continue;
    if (value) set |= bit;
    else clear |= bit;
  }
  const { atime } = own;
  assertOneOf(atime, Object.keys(ATIMES), `${name}.atime`);
  if (atime !== undefined) {
    clear |= MOUNT_ATTR.ATIME; // the policy is a number in these bits, not a set of flags
    set |= ATIMES[atime];
  }
  return { set, clear };
}

/** The attributes that MOUNT_ATTR_* bits stand for. */
export function attributesOf(bits: number): Required<MountAttributes> {
  const has = (bit: number) => (bits & bit) !== 0;
  const policy = bits & MOUNT_ATTR.ATIME;
  return {
    readonly: has(BITS.readonly),
    nosuid: has(BITS.nosuid),
    nodev: has(BITS.nodev),
    noexec: has(BITS.noexec),
    nosymfollow: has(BITS.nosymfollow),
    nodiratime: has(BITS.nodiratime),
    atime:
      policy === ATIMES.noatime
        ? 'noatime'
        : policy === ATIMES.strictatime
          ? 'strictatime'
          : 'relatime',
  };
}

/** struct mount_attr: attr_set, attr_clr, propagation, userns_fd, 64 bits each. */
export function mountAttr(
  change: AttributeChange,
  propagation?: Propagation,
  userNamespace = 0,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(32));
  view.setBigUint64(0, BigInt(change.set), true);
  view.setBigUint64(8, BigInt(change.clear), true);
  if (propagation !== undefined) view.setBigUint64(16, BigInt(propagationFlags[propagation]), true);
  view.setBigUint64(24, BigInt(userNamespace), true);
  return new Uint8Array(view.buffer);
}
