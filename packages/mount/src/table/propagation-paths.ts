// The mounts that exchange mounts and unmounts: peer groups and their slaves, across namespaces.
import type { MountInfo } from './mountinfo.js';

/** The mounts that a mount exchanges mounts and unmounts with, directly. */
export interface PropagationPaths<Mount extends MountInfo = MountInfo> {
  /** The other members of its peer group: each receives from all others. */
  peers: Mount[];
  /** The mounts that it receives from, as their slave. */
  masters: Mount[];
  /** The mounts that receive from it, as its slaves. */
  slaves: Mount[];
}

/**
 * Finds, among the mounts of one or more tables, those that a mount exchanges events with. Peer groups
 * are numbered for the whole machine, so tables of several namespaces can be put together.
 *
 * @example
 * const everywhere = [listMounts(), listMounts({ in: pid })].flat();
 * findPropagationPaths(mount, everywhere).slaves;
 * @see mount_namespaces(7)
 */
export function findPropagationPaths<Mount extends MountInfo>(
  mount: MountInfo,
  mounts: Iterable<Mount>,
): PropagationPaths<Mount> {
  const { peerGroup, master } = mount;
  const paths: PropagationPaths<Mount> = { peers: [], masters: [], slaves: [] };
  for (const other of mounts) {
    if (other.id === mount.id) continue;
    if (peerGroup !== undefined && other.peerGroup === peerGroup) paths.peers.push(other);
    if (peerGroup !== undefined && other.master === peerGroup) paths.slaves.push(other);
    if (master !== undefined && other.peerGroup === master) paths.masters.push(other);
  }
  return paths;
}
