/**
 * `@ns/cgroup`: cgroup namespaces and the cgroup v2 tree.
 *
 * @packageDocumentation
 */
export type { CgroupType, EnableOptions, EventFile, WaitOptions } from './cgroup.js';
export { Cgroup } from './cgroup.js';
export type { Counters, Pressure, PressureShare } from './flat.js';
export type { Hierarchy } from './hierarchy.js';
export { cgroupHierarchy } from './hierarchy.js';
export type { CgroupEvents } from './life.js';
export type {
  CgroupLimits,
  CpuLimits,
  CpusetLimits,
  IoLimits,
  IoMax,
  MemoryLimits,
} from './limits.js';
export type { PressureResource, PressureTrigger } from './pressure.js';
export type { CgroupOptions } from './spec.js';
export { cgroup } from './spec.js';
export type { CgroupUsage, CurrentLimits } from './usage.js';
export type { CpuMax, Duration, Size } from './values.js';
export type { Subscription } from './watch.js';
