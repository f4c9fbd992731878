/**
 * `@ns/cgroup`: cgroup namespaces and the cgroup v2 tree.
 *
 * @module @ns/cgroup
 */
export { cgroupAround } from './around.js';
export { Cgroup } from './cgroup.js';
export type { EnableOptions } from './create.js';
export type { CurrentLimits } from './current-limits.js';
export type { Counters, Pressure, PressureShare } from './flat.js';
export type { CgroupType } from './group-members.js';
export type { Hierarchy } from './hierarchy.js';
export { cgroupHierarchy } from './hierarchy.js';
export type { IoLimits, IoMax } from './io.js';
export type { JobOptions } from './job.js';
export { cgroupForJob } from './job.js';
export type { CgroupEvents, WaitOptions } from './life.js';
export type { CgroupLimits, CpuLimits, CpusetLimits, MemoryLimits } from './limits.js';
export { settingsOf } from './limits.js';
export type { PeakResource } from './peak.js';
export { Peak } from './peak.js';
export type { PressureResource, PressureTrigger } from './pressure.js';
export type { ReclaimOptions } from './reclaim.js';
export type { ScopeOptions } from './scope.js';
export { cgroupInScope } from './scope.js';
export type { CgroupOptions } from './spec.js';
export { cgroup } from './spec.js';
export type { CgroupUsage, HugePageUsage } from './usage.js';
export type { CpuMax, Duration, Setting, Size } from './values.js';
export type { EventFile, Subscription } from './watch.js';
