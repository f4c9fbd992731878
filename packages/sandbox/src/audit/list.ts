// The probes of an audit as data, for documents and programs.
import type { AuditArea, Probe } from './probe.js';
import { type ProbeName, probes } from './probes/index.js';
import { type AuditPreset, auditPresets, promises } from './promises.js';

/** A probe of an audit. */
export interface AuditProbe {
  readonly name: ProbeName;
  readonly area: AuditArea;
  /** A line about the thing that is reachable if the probe finds it. */
  readonly title: string;
  /** Presets that promise to block it. */
  readonly promisedBy: readonly AuditPreset[];
}

/** All probes of an audit, in the order of its findings. */
export const auditProbes: readonly AuditProbe[] = Object.freeze(
  (Object.entries(probes) as [ProbeName, Probe][]).map(([name, { area, title }]) => ({
    name,
    area,
    title,
    promisedBy: auditPresets.filter((preset) => promises[preset].includes(name)),
  })),
);
