// Attributes of a single mount, as opposed to those of its file system: struct mount_attr.
import { type Members, parse } from '@ns/core/authors';
import { MOUNT_ATTR } from './flags.js';
import { type Propagation, propagationFlags } from './propagation.js';

/**
 * Permissions of a mount. True sets an attribute, false clears it, undefined leaves it. Inside a user
 * namespace, attributes that the owner of an outer one has set cannot be cleared (EPERM).
 */
export interface MountAttributes {
  /** Writing through this mount fails. */
  readonly?: boolean | undefined;
  /** Set-user-ID bits and file capabilities have no effect. */
  nosuid?: boolean | undefined;
  /** Device files cannot be opened. */
  nodev?: boolean | undefined;
  /** Files cannot be executed. */
  noexec?: boolean | undefined;
  /** Symbolic links are not followed. Linux 5.14. */
  nosymfollow?: boolean | undefined;
  /** Directories keep their access time. */
  nodiratime?: boolean | undefined;
  /** The updates of access times. `relatime` is the kernel's default. */
  atime?: 'relatime' | 'noatime' | 'strictatime' | undefined;
}

/** A change by mount_setattr(2). */
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

/** The parsers of {@link MountAttributes}. */
export const attributeMembers = {
  readonly: parse.boolean,
  nosuid: parse.boolean,
  nodev: parse.boolean,
  noexec: parse.boolean,
  nosymfollow: parse.boolean,
  nodiratime: parse.boolean,
  atime: parse.oneOf('relatime', 'noatime', 'strictatime'),
} satisfies Members<MountAttributes>;

/** Returns the bits that parsed attributes set and clear. */
export function attributeChange(attributes: MountAttributes): AttributeChange {
  let set = 0;
  let clear = 0;
  for (const [key, bit] of Object.entries(BITS)) {
    const value = attributes[key as keyof typeof BITS];
    if (value === undefined) continue;
    if (value) set |= bit;
    else clear |= bit;
  }
  if (attributes.atime !== undefined) {
    clear |= MOUNT_ATTR.ATIME; // the policy is a number in these bits, not a set of flags
    set |= ATIMES[attributes.atime];
  }
  return { set, clear };
}

/** The value of every attribute. */
type AllAttributes = { [Name in keyof MountAttributes]-?: NonNullable<MountAttributes[Name]> };

/** Returns the attributes that MOUNT_ATTR_* bits stand for. */
export function attributesOf(bits: number): AllAttributes {
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

/** Returns a struct mount_attr: attr_set, attr_clr, propagation, userns_fd, 64 bits each. */
export function mountAttr(
  change: AttributeChange,
  propagation?: Propagation | undefined,
  userNamespace = 0,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(32));
  view.setBigUint64(0, BigInt(change.set), true);
  view.setBigUint64(8, BigInt(change.clear), true);
  if (propagation !== undefined) view.setBigUint64(16, BigInt(propagationFlags[propagation]), true);
  view.setBigUint64(24, BigInt(userNamespace), true);
  return new Uint8Array(view.buffer);
}
