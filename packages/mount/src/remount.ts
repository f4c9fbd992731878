// Changes of mounts that exist: their attributes, their file system's parameters, their peer group.
import type { InOptions } from '@ns/core';
import { AT, inNamespace, type Members, parse } from '@ns/core/authors';
import {
  attributeChange,
  attributeMembers,
  type MountAttributes,
  mountAttr,
} from './attributes.js';
import { addConfiguring } from './build.js';
import { type FilesystemParameters, parametersOf, parseParameters } from './filesystems.js';
import { FSCONFIG, FSPICK, MOVE_MOUNT } from './flags.js';
import { type Propagation, parsePropagation } from './propagation.js';
import { parseIn, runInNamespace } from './run-in-namespace.js';

/** Options of {@link remount}. */
export interface RemountOptions extends MountAttributes, InOptions {
  /** Change the mounts below as well: all of them, or none if that is impossible. Default: false. */
  recursive?: boolean | undefined;
  /** Set the propagation in the same step. */
  propagation?: Propagation | undefined;
}

const parseRemount = parse.options({
  in: inNamespace('mount'),
  recursive: parse.withDefault(parse.boolean, false),
  propagation: parsePropagation,
  ...attributeMembers,
} satisfies Members<RemountOptions>);

/**
 * `mount_setattr(path)`: changes attributes of the mount at a path, which must be a mountpoint; the
 * twin of `mount -o remount,bind,ro`. Attributes that are left out stay as they are, so that those
 * that an outer user namespace has locked stay locked.
 *
 * Needs CAP_SYS_ADMIN over the mount namespace. Linux 5.12.
 *
 * @throws {SystemError} EINVAL if the path is not a mountpoint; EBUSY if it is to be read-only and a file
 *   is open for writing; EPERM if it would clear a locked attribute
 * @see mount_setattr(2)
 */
export function remount(target: string, options: RemountOptions): void {
  const path = parse.path(target, 'target');
  const { in: namespace, recursive, propagation, ...attributes } = parseRemount(options);
  const attr = mountAttr(attributeChange(attributes), propagation);
  const flags = recursive ? AT.RECURSIVE : 0;
  runInNamespace(namespace, (program) => {
    const step = `changing the mount at ${path}`;
    program.call('mount_setattr', AT.FDCWD, path, flags, attr, attr.length, { step });
  });
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
  parameters: FilesystemParameters,
  options: InOptions = {},
): void {
  const path = parse.path(target, 'target');
  const list = parametersOf(parseParameters(parameters, 'parameters'));
  const { in: namespace } = parseIn(options);
  runInNamespace(namespace, (program) => {
    const options = { step: `reconfiguring the file system at ${path}` };
    const context = program.call('fspick', AT.FDCWD, path, FSPICK.CLOEXEC, options);
    for (const [key, value] of list) {
      const set = value === true ? FSCONFIG.SET_FLAG : FSCONFIG.SET_STRING;
      const args = [set, key, value === true ? null : value, 0];
      addConfiguring(program, context, 'fsconfig', args, options);
    }
    const finish = [FSCONFIG.CMD_RECONFIGURE, null, null, 0];
    addConfiguring(program, context, 'fsconfig', finish, options);
  });
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
export function joinPeerGroup(source: string, target: string, options: InOptions = {}): void {
  const from = parse.path(source, 'source');
  const to = parse.path(target, 'target');
  const { in: namespace } = parseIn(options);
  const flags = MOVE_MOUNT.SET_GROUP | MOVE_MOUNT.F_SYMLINKS | MOVE_MOUNT.T_SYMLINKS;
  runInNamespace(namespace, (program) => {
    const step = `joining ${to} to the peer group of ${from}`;
    program.call('move_mount', AT.FDCWD, from, AT.FDCWD, to, flags, { step });
  });
}
