// Changes of mounts that exist: their attributes, their file system's parameters, their peer group.
import { AT, assertKeys, ownOptions } from '@ns/core/authors';
import { attributeChange, attributeNames, type MountAttributes, mountAttr } from './attributes.js';
import { addConfiguring } from './build.js';
import { assertFlag, assertPath } from './checks.js';
import { type OtherOptions, parametersOf } from './filesystems.js';
import { FSCONFIG, FSPICK, MOVE_MOUNT } from './flags.js';
import { type Place, perform } from './perform.js';
import { assertPropagation, type Propagation } from './propagation.js';

/** Options of {@link remount}. */
export interface RemountOptions extends MountAttributes, Place {
  /** Change the mounts below as well: all of them, or none if that is impossible. Default: false. */
  recursive?: boolean;
  /** Set the propagation in the same step. */
  propagation?: Propagation;
}

/**
 * `mount_setattr(path)`: changes attributes of the mount at a path, which must be a mountpoint; the
 * twin of `mount -o remount,bind,ro`. What is not named stays as it is, so that what an outer user
 * namespace has locked stays locked.
 *
 * Needs CAP_SYS_ADMIN over the mount namespace. Linux 5.12.
 *
 * @throws {SystemError} EINVAL if the path is no mountpoint; EBUSY if it is to be read-only and a file
 *   is open for writing; EPERM if it would clear a locked attribute
 * @see mount_setattr(2)
 */
export function remount(target: string, options: RemountOptions): void {
  assertPath(target, 'target');
  assertKeys(options, [...attributeNames, 'recursive', 'propagation', 'in'], 'options');
  const { recursive = false, propagation } = ownOptions(options);
  assertFlag(recursive, 'recursive');
  if (propagation !== undefined) assertPropagation(propagation);
  const attr = mountAttr(attributeChange(options, 'options'), propagation);
  const flags = recursive ? AT.RECURSIVE : 0;
  perform((program) => {
    const step = `changing the mount at ${target}`;
    program.call('mount_setattr', AT.FDCWD, target, flags, attr, attr.length, { step });
  }, options);
}

/**
 * Changes parameters of the file system that is mounted at a path, for all its mounts; the twin of
 * `mount -o remount`.
 *
 * Needs CAP_SYS_ADMIN in the user namespace that owns the file system. Linux 5.2.
 *
 * @example reconfigure('/tmp', { size: '2G' })
 * @throws {SystemError} EINVAL for a parameter that the file system does not have or cannot change, with
 *   its own words in the error's `hint`
 * @see fspick(2), fsconfig(2)
 */
export function reconfigure(
  target: string,
  parameters: NonNullable<OtherOptions['parameters']>,
  place: Place = {},
): void {
  assertPath(target, 'target');
  const list = parametersOf(parameters, 'parameters');
  assertKeys(place, ['in'], 'options');
  perform((program) => {
    const options = { step: `reconfiguring the file system at ${target}` };
    const context = program.call('fspick', AT.FDCWD, target, FSPICK.CLOEXEC, options);
    for (const [key, value] of list) {
      const set = value === true ? FSCONFIG.SET_FLAG : FSCONFIG.SET_STRING;
      const args = [set, key, value === true ? null : value, 0];
      addConfiguring(program, context, 'fsconfig', args, options);
    }
    const finish = [FSCONFIG.CMD_RECONFIGURE, null, null, 0];
    addConfiguring(program, context, 'fsconfig', finish, options);
  }, place);
}

/**
 * Makes the mount at `target`, a private one, a member of the peer group of the mount at `source`,
 * so that each receives what is mounted below the other. Both must be mounts of the same file
 * system.
 *
 * Needs CAP_SYS_ADMIN over the mount namespace. Linux 5.15.
 *
 * @throws {SystemError} EINVAL if the target is shared already, the source is not, or they differ
 * @see move_mount(2), mount_namespaces(7)
 */
export function joinPeerGroup(source: string, target: string, place: Place = {}): void {
  assertPath(source, 'source');
  assertPath(target, 'target');
  assertKeys(place, ['in'], 'options');
  const flags = MOVE_MOUNT.SET_GROUP | MOVE_MOUNT.F_SYMLINKS | MOVE_MOUNT.T_SYMLINKS;
  perform((program) => {
    const step = `joining ${target} to the peer group of ${source}`;
    program.call('move_mount', AT.FDCWD, source, AT.FDCWD, target, flags, { step });
  }, place);
}
