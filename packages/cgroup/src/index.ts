/**
 * `@ns/cgroup`: cgroup namespaces and the cgroup v2 tree.
 *
 * @module @ns/cgroup
 */

export { Cgroup } from './cgroup.js';
export { findCommonAncestor } from './common-ancestor.js';
export type { EnableOptions } from './create.js';
export type { DelegateOptions } from './delegate.js';
export type { Counters, Pressure, PressureShare } from './flat-keyed.js';
export type { CgroupType } from './group-members.js';
export type { Hierarchy } from './hierarchy.js';
export { readHierarchy } from './hierarchy.js';
export type { IoLatency, IoLimits, IoMax } from './io.js';
export type { JobOptions } from './job.js';
export { createJobGroup } from './job.js';
export type { CgroupEvents, WaitOptions } from './life.js';
export type { CpuMax, Setting, SizeLimit } from './limit-values.js';
export type { CgroupLimits, CpuLimits, CpusetLimits, MemoryLimits } from './limits.js';
export { settingsOf } from './limits.js';
export type { PeakResource } from './peak.js';
export { Peak } from './peak.js';
export type { CurrentLimits } from './read-limits.js';
export type { CgroupUsage, HugePageUsage } from './read-usage.js';
export type { ReclaimOptions } from './reclaim.js';
export type { ScopeOptions } from './scope.js';
export { openScope } from './scope.js';
export type { CgroupOptions } from './spec.js';
export { cgroup } from './spec.js';
export type { EventFile, EventWatchOptions } from './watch-events.js';
export { EventWatch } from './watch-events.js';
export type {
  PressureEvent,
  PressureResource,
  PressureWatchOptions,
} from './watch-pressure.js';
export { PressureWatch } from './watch-pressure.js';
