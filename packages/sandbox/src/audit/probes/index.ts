// All probes, by name, in the order of the report.
import type { Probe } from '../probe.js';
import { deviceProbes } from './devices.js';
import { fileProbes } from './files.js';
import { kernelProbes } from './kernel.js';
import { limitProbes } from './limits.js';
import { networkProbes } from './network.js';
import { privilegeProbes } from './privileges.js';
import { procProbes } from './proc.js';
import { namespaceProbes, processProbes } from './processes.js';
import { socketProbes } from './sockets.js';
import { writingProbes } from './writing.js';

export const probes = {
  ...fileProbes,
  ...writingProbes,
  ...socketProbes,
  ...deviceProbes,
  ...processProbes,
  ...namespaceProbes,
  ...privilegeProbes,
  ...kernelProbes,
  ...procProbes,
  ...networkProbes,
  ...limitProbes,
} satisfies Record<string, Probe>;

/** Name of a probe. */
export type ProbeName = keyof typeof probes;
