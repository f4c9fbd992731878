/**
 * `@ns/user`: uid and gid maps, credentials and capabilities in a user namespace.
 *
 * @module @ns/user
 */

export type { CapabilityOptions } from './add-capabilities.js';
export { addCapabilities } from './add-capabilities.js';
export type { RunAs } from './add-run-as.js';
export { addRunAs } from './add-run-as.js';
export { capabilitiesIn } from './capabilities-in.js';
export type { Capability, CapabilityInput, CapabilitySet } from './capability.js';
export { capabilityName, capabilityNames, capabilityNumber, capabilitySet } from './capability.js';
export type { CapabilityState, Securebit, SecurebitsState } from './capability-state.js';
export {
  parseCapabilities,
  readCapabilities,
  readSecurebits,
  securebits,
} from './capability-state.js';
export type { CapabilitySets } from './capability-text.js';
export { formatCapabilities, parseCapabilityText } from './capability-text.js';
export type { IdMap, IdMaps, IdRange, IdRangeInput } from './id-map.js';
export { formatIdMap, ID_MAP_RANGES_MAX, ID_MAX, parseIdMap, parseIdRanges } from './id-map.js';
export { readMaxUserNamespaces, USER_NAMESPACE_DEPTH_MAX } from './nested.js';
export type { SetgroupsState, UserNamespaceMaps } from './read-id-maps.js';
export { readIdMaps, readOverflowIds } from './read-id-maps.js';
export type { ExplicitMaps, MapInput, MapWord } from './resolve-maps.js';
export { resolveMaps } from './resolve-maps.js';
export type { UserOptions } from './spec.js';
export { user } from './spec.js';
export type { IdKind, SubordinateEntry, SubordinateRange } from './subordinate-ids.js';
export { listSubordinateIds, parseSubordinateIds } from './subordinate-ids.js';
export {
  composeIdMaps,
  insertId,
  invertIdMap,
  normalizeIdMap,
  toInside,
  toOutside,
} from './translate-ids.js';
