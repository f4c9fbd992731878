/**
 * `@ns/user`: uid and gid maps, credentials and capabilities in a user namespace.
 *
 * @module @ns/user
 */
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
export type { ExplicitMaps, MapChoice, MapWord } from './choice.js';
export { resolveMaps } from './choice.js';
export type { CapabilityOptions } from './credentials.js';
export { addCapabilities } from './credentials.js';
export { capabilitiesIn } from './held.js';
export type { IdMap, IdMaps, IdRange, IdRangeInput } from './id-map.js';
export { checkIdMap, formatIdMap, ID_MAP_RANGES_MAX, ID_MAX, parseIdMap } from './id-map.js';
export { maxUserNamespaces, USER_NAMESPACE_DEPTH_MAX } from './nested.js';
export type { SetgroupsState, UserNamespaceMaps } from './read.js';
export { overflowIds, readIdMaps } from './read.js';
export type { CheckedRunAs, RunAs } from './run-as.js';
export { addRunAs } from './run-as.js';
export type { UserOptions } from './spec.js';
export { user } from './spec.js';
export type { IdKind, SubordinateEntry, SubordinateRange } from './subordinate.js';
export { parseSubordinateIds, subordinateIds } from './subordinate.js';
export {
  composeIdMaps,
  insertId,
  invertIdMap,
  normalizeIdMap,
  toInside,
  toOutside,
} from './translate.js';
